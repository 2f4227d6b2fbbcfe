#include "storm/conductor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "shmbus/bus.hpp"
#include "storm/storm_end.hpp"
#include "support/time_limits.hpp"

namespace storm {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using test::require;

namespace {

volatile std::sig_atomic_t interrupted = 0;

constexpr auto kTick = 1ms;
// Average times.
constexpr auto kBetweenKills = 50ms * (test::slowness > 1 ? 2 : 1);
constexpr auto kBetweenStops = 25ms * (test::slowness > 1 ? 2 : 1);
/// A process that made no progress for this long, though it was not stopped, hangs.
constexpr auto kPatience = test::patience / (test::slowness > 1 ? 1 : 3);

bool happens(Random& random, std::chrono::milliseconds on_average) {
  return below(random, static_cast<std::uint64_t>(on_average / kTick)) == 0;
}

}  // namespace

void Conductor::interrupt() noexcept { interrupted = 1; }

Conductor::Conductor(const Options& options)
    : options_(options),
      random_(options.seed),
      bus_("storm-" + std::to_string(::getpid())),
      segments_(bus_),
      roles_(all_roles(options.publishers, options.readers)),
      members_(roles_.size()) {
  require(roles_.size() <= kSeats, "more processes than there are seats");
}

Conductor::~Conductor() {
  members_.clear();  // kills them
  try {
    shmbus::Bus::remove(bus_);
  } catch (const std::exception&) {  // then `segments_` removes its files
  }
}

Stage Conductor::stage(unsigned seat) {
  Stage stage{.bus = bus_, .shared = &shared_, .seat = seat, .self = ++deeds_.started, .seed = random_()};
  require(stage.self < kProcesses, "too many processes were started");
  return stage;
}

void Conductor::start(unsigned seat) {
  const Role& role = roles_[seat];
  Stage s = stage(seat);
  s.topic = role.topic;
  s.unharmed = role.harm == Harm::none;
  s.survives = role.keeps_ledger;
  s.step("start");
  Member& member = members_[seat];
  member.stopped = false;
  member.since = Clock::now();
  member.process = std::make_unique<test::ForkedProcess>([s, act = role.act](const test::Parent& parent) {
    std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the conductor alone
    act(s, parent);
  });
  if (role.first) member.process->hear();
}

/// Runs a process that does one thing while nothing else happens.
void Conductor::alone(const std::string& what, Act act) {
  const Stage s = stage(kSeats - 1);
  test::ForkedProcess process([&](const test::Parent& parent) { act(s, parent); });
  require(process.wait() == test::End{}, what + " failed");
}

void Conductor::run() {
  alone("setting up", [](const Stage& s, const test::Parent&) {
    shmbus::Bus bus = shmbus::Bus::open(s.bus, {.stall_limit = kStallLimit});
    for (unsigned topic = 0; topic < kTopics.size(); ++topic) bus.topic(kTopics[topic], topic_options(topic));
  });
  for (unsigned seat = 0; seat < roles_.size(); ++seat) start(seat);
  rage();

  replacing_ = false;
  shared_.board->phase = Phase::calm;
  let_leave(true);
  alone("publishing the last events", publish_last);
  shared_.board->phase = Phase::closing;
  let_leave(false);
  check_figures();
  alone("the look after the dead", check_storm_end);
  require(shmbus::Bus::remove(bus_), "the bus has gone");
  require(segments_.all().empty(), "a removed bus left " + (segments_.all().empty() ? "" : segments_.all().front()));
}

void Conductor::rage() {
  const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
  while (Clock::now() < end) {
    const std::uint64_t before = monotonic_ns();
    if (happens(random_, kBetweenKills)) kill_one();
    if (happens(random_, kBetweenStops)) stop_one();
    attend();
    std::this_thread::sleep_for(kTick);
    deeds_.held = std::max(deeds_.held, monotonic_ns() - before);
  }
}

/// Chooses a seat whose process may be harmed in this way. Returns nothing if there is none.
std::optional<unsigned> Conductor::any_of(Harm at_least) {
  const auto fits = [&](unsigned seat) { return roles_[seat].harm >= at_least && members_[seat].process; };
  std::vector<unsigned> seats;
  for (unsigned seat = 0; seat < roles_.size(); ++seat) {
    if (fits(seat)) seats.push_back(seat);
  }
  if (seats.empty()) return std::nullopt;
  return seats[below(random_, seats.size())];
}

void Conductor::kill_one() {
  const auto seat = any_of(Harm::kills);
  if (!seat) return;
  const Role& role = roles_[*seat];
  Member& member = members_[*seat];
  settle(*seat);  // its process may have failed a moment ago
  if (role.publishes) add(shared_.board->topics[role.topic].deaths, 1);
  member.process->kill();
  member.process.reset();
  member.back = Clock::now() + microseconds(below(random_, 60'000));
  ++deeds_.kills;
}

/// Stops a process, mostly for less than the stall limit, sometimes for longer.
void Conductor::stop_one() {
  const auto seat = any_of(Harm::stops);
  if (!seat || members_[*seat].stopped) return;
  Member& member = members_[*seat];
  ::kill(member.process->pid(), SIGSTOP);
  member.stopped = true;
  const bool longer = chance(random_, 8);
  member.back = Clock::now() + (longer ? kStallLimit + microseconds(below(random_, 200'000))
                                       : 1ms + microseconds(below(random_, 59'000)));
  ++deeds_.stops;
}

/// Continues stopped processes and replaces killed ones when it is time, and checks that all make progress.
void Conductor::attend() {
  if (interrupted != 0) throw Interrupted("interrupted");
  const auto now = Clock::now();
  for (unsigned seat = 0; seat < members_.size(); ++seat) {
    Member& member = members_[seat];
    if (!member.process) {
      if (replacing_ && now >= member.back) start(seat);
      continue;
    }
    if (member.stopped && now >= member.back) {
      member.process->resume();
      member.stopped = false;
      member.since = now;
    }
    settle(seat);
  }
  watch();
}

/// Throws unless a process that has ended passed its checks.
void Conductor::settle(unsigned seat) {
  Member& member = members_[seat];
  siginfo_t info{};
  const auto pid = static_cast<id_t>(member.process->pid());
  if (::waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
  const test::End end = member.process->wait();
  member.process.reset();
  const Seat& at = shared_.board->seats[seat];
  const std::string who = "the " + roles_[seat].name + " (process " + std::to_string(pid) + ")";
  require(end.signal == 0, who + " died of signal " + std::to_string(end.signal) + " at: " + at.doing.load());
  require(end.status == 0, who + " failed at: " + at.doing.load());
  require(!replacing_, who + " left too early");
  member.left = true;
}

void Conductor::watch() const {
  std::string hang;
  for (unsigned seat = 0; seat < members_.size(); ++seat) {
    const Member& member = members_[seat];
    if (!member.process || member.stopped) continue;
    const Seat& at = shared_.board->seats[seat];
    const Clock::time_point beat{std::chrono::nanoseconds(at.beat.load())};
    if (Clock::now() - std::max(beat, member.since) < kPatience) continue;
    hang += "\n  the " + roles_[seat].name + " (process " + std::to_string(member.process->pid()) +
            ") makes no progress, at: " + at.doing.load();
  }
  require(hang.empty(), "processes hang:" + hang);
}

/// Waits until the publishers and helpers have left, or all processes.
void Conductor::let_leave(bool publishers_and_helpers) {
  for (Member& member : members_) {
    if (member.stopped) member.back = Clock::now();
  }
  const auto remains = [&](unsigned seat) {
    const Act act = roles_[seat].act;
    const bool first = roles_[seat].publishes || act == create_topics || act == reap_and_look;
    return members_[seat].process && (first || !publishers_and_helpers);
  };
  const auto end = Clock::now() + kPatience;
  for (;;) {
    attend();
    std::string late;
    for (unsigned seat = 0; seat < members_.size(); ++seat) {
      if (!remains(seat)) continue;
      late += "\n  the " + roles_[seat].name + ", at: " + shared_.board->seats[seat].doing.load();
    }
    if (late.empty()) return;
    require(Clock::now() < end, "processes that do not leave:" + late);
    std::this_thread::sleep_for(kTick);
  }
}

/// Checks that aborts and deaths explain all claims that were not committed. An exclusive publisher's claim takes no sequence
/// before it is committed.
void Conductor::check_figures() const {
  const TopicFigures& shared = board().topics[kShared];
  const TopicFigures& exclusive = board().topics[kExclusive];
  require(shared.uncommitted >= shared.aborted, "an aborted loan was seen");
  require(shared.uncommitted <= shared.aborts + shared.deaths,
          "more sequences without an event than aborts and deaths");
  require(exclusive.uncommitted == 0, "an exclusive topic has sequences without an event");
  for (unsigned seat = 0; seat < roles_.size(); ++seat) {
    require(!roles_[seat].keeps_ledger || board().seats[seat].seen != 0,
            "the " + roles_[seat].name + " closed no ledger");
  }
}

}  // namespace storm
