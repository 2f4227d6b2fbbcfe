#include "group_storm/conductor.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <thread>

#include "shmbus/shmbus.hpp"
#include "support/bus_leftovers.hpp"
#include "support/time_limits.hpp"

namespace group_storm {

using std::chrono::microseconds;
using test::require;

namespace {

volatile std::sig_atomic_t interrupted = 0;

constexpr auto kTick = 1ms;
// Average times.
constexpr auto kBetweenKills = 60ms * (test::slowness > 1 ? 2 : 1);
constexpr auto kBetweenStops = 40ms * (test::slowness > 1 ? 2 : 1);

bool happens(Random& random, std::chrono::milliseconds on_average) {
  return chance(random, static_cast<std::uint64_t>(on_average / kTick));
}

std::vector<Role> all_roles() {
  std::vector<Role> roles;
  for (unsigned topic = 0; topic < kTopics; ++topic)
    roles.push_back(
        {.what = "reader of dead letters", .act = read_dead_letters, .topic = topic, .harm = Harm::none, .last = true});
  for (unsigned topic = 0; topic < kTopics; ++topic) {
    const std::string name = kKinds[topic].name;
    roles.push_back({.what = "author of " + name + ", stopped", .act = publish, .topic = topic, .harm = Harm::stops});
    roles.push_back({.what = "author of " + name + ", killed", .act = publish, .topic = topic});
    for (int i = 0; i < 3; ++i) roles.push_back({.what = "member of " + name, .act = take, .topic = topic});
    roles.push_back({.what = "member of " + name + ", stopped", .act = take, .topic = topic, .harm = Harm::stops});
    roles.push_back({.what = "handlers of " + name, .act = handle, .topic = topic});
  }
  return roles;
}

}  // namespace

void Conductor::interrupt() noexcept { interrupted = 1; }

Conductor::Conductor(double seconds, std::uint64_t seed)
    : seconds_(seconds),
      random_(seed),
      bus_("group-storm-" + std::to_string(::getpid())),
      segments_(bus_),
      roles_(all_roles()),
      members_(roles_.size()) {
  require(roles_.size() < kSeats, "more processes than there are seats");
}

Conductor::~Conductor() {
  members_.clear();  // kills them
  try {
    shmbus::Bus::remove(bus_);
  } catch (const std::exception&) {  // then `segments_` removes its files
  }
}

Stage Conductor::stage(unsigned seat) {
  Stage stage{.bus = bus_, .journals = journals_.file("journals"), .books = &books_, .seat = seat};
  stage.self = ++started_;
  stage.seed = random_();
  return stage;
}

void Conductor::start(unsigned seat) {
  const Role& role = roles_[seat];
  Stage s = stage(seat);
  s.topic = role.topic;
  s.step("start");
  Member& member = members_[seat];
  member.stopped = false;
  member.since = Clock::now();
  member.number = s.self;
  member.process = std::make_unique<test::ForkedProcess>([s, act = role.act](const test::Parent& parent) {
    std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the conductor alone
    act(s, parent);
  });
  if (role.last) member.process->hear();
}

/// Runs a process that does one thing while nothing else happens. It may take long, and makes progress meanwhile.
void Conductor::alone(const std::string& what, Act act) {
  const Stage s = stage(kSeats - 1);
  s.step("start");
  test::ForkedProcess process([&](const test::Parent& parent) { act(s, parent); });
  const Board::Seat& at = books_.board->seats[s.seat];
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(process.pid()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0) {
    if (interrupted != 0) throw Interrupted("interrupted");
    require(Clock::now() - Clock::time_point{std::chrono::nanoseconds(at.beat.load())} < test::patience,
            what + " makes no progress, at: " + at.doing.load());
    std::this_thread::sleep_for(kTick);
  }
  require(process.wait() == test::End{}, what + " failed");
}

void Conductor::run() {
  alone("setting up", set_up);
  for (unsigned seat = 0; seat < roles_.size(); ++seat) start(seat);
  rage();

  replacing_ = false;
  books_.board->phase = Phase::closing;
  let_leave(false);
  books_.board->phase = Phase::ended;
  let_leave(true);
  alone("the balance", balance);
  alone("the look after the dead", [](const Stage& s, const test::Parent&) {
    test::check_nothing_is_left(s.bus, [](shmbus::Bus&, shmbus::topic::TopicSegment&) {});
  });
  require(shmbus::Bus::remove(bus_), "the bus has gone");
  require(segments_.all().empty(), "a removed bus left " + (segments_.all().empty() ? "" : segments_.all().front()));
}

void Conductor::rage() {
  const auto end = Clock::now() + std::chrono::duration<double>(seconds_);
  while (Clock::now() < end) {
    if (happens(random_, kBetweenKills)) kill_one();
    if (happens(random_, kBetweenStops)) stop_one();
    attend();
    std::this_thread::sleep_for(kTick);
  }
}

/// A place whose process may be harmed in this way; nothing if there is none.
std::optional<unsigned> Conductor::any_of(Harm at_least) {
  std::vector<unsigned> seats;
  for (unsigned seat = 0; seat < roles_.size(); ++seat) {
    if (roles_[seat].harm >= at_least && members_[seat].process) seats.push_back(seat);
  }
  if (seats.empty()) return std::nullopt;
  return seats[below(random_, seats.size())];
}

void Conductor::kill_one() {
  const auto seat = any_of(Harm::kills);
  if (!seat) return;
  settle(*seat);  // its process may have failed a moment ago
  Member& member = members_[*seat];
  books_.doomed[member.number] = 1;
  member.process->kill();
  member.process.reset();
  member.back = Clock::now() + microseconds(below(random_, 60'000));
  ++kills_;
}

/// Stops a process, mostly for a moment, sometimes for longer than the stall limit.
void Conductor::stop_one() {
  const auto seat = any_of(Harm::stops);
  if (!seat || members_[*seat].stopped) return;
  Member& member = members_[*seat];
  ::kill(member.process->pid(), SIGSTOP);
  member.stopped = true;
  member.back = Clock::now() + microseconds(1000 + below(random_, chance(random_, 8) ? 250'000 : 30'000));
  ++stops_;
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
  const std::string who = "the " + roles_[seat].what + " (process " + std::to_string(pid) + ")";
  const std::string at = books_.board->seats[seat].doing.load();
  require(end.signal == 0, who + " died of signal " + std::to_string(end.signal) + " at: " + at);
  require(end.status == 0, who + " failed at: " + at);
  require(!replacing_, who + " left too early");
}

/// A process that makes no progress, though it is not stopped, hangs.
void Conductor::watch() const {
  std::string hang;
  for (unsigned seat = 0; seat < members_.size(); ++seat) {
    const Member& member = members_[seat];
    if (!member.process || member.stopped) continue;
    const Board::Seat& at = books_.board->seats[seat];
    const Clock::time_point beat{std::chrono::nanoseconds(at.beat.load())};
    if (Clock::now() - std::max(beat, member.since) < test::patience) continue;
    hang += "\n  the " + roles_[seat].what + " (process " + std::to_string(member.process->pid()) +
            ") makes no progress, at: " + at.doing.load();
  }
  require(hang.empty(), "processes hang:" + hang);
}

/// Waits until all processes have left, or all but those that leave as the last.
void Conductor::let_leave(bool all) {
  for (Member& member : members_) {
    if (member.stopped) member.back = Clock::now();
  }
  const auto end = Clock::now() + test::patience;
  for (;;) {
    attend();
    std::string late;
    for (unsigned seat = 0; seat < members_.size(); ++seat) {
      if (!members_[seat].process || (roles_[seat].last && !all)) continue;
      late += "\n  the " + roles_[seat].what + ", at: " + books_.board->seats[seat].doing.load();
    }
    if (late.empty()) return;
    require(Clock::now() < end, "processes that do not leave:" + late);
    std::this_thread::sleep_for(kTick);
  }
}

void Conductor::print_figures() const {
  const Board& b = *books_.board;
  const auto line = [](const char* what, std::uint64_t figure) {
    std::printf("  %-38s %12llu\n", what, static_cast<unsigned long long>(figure));
  };
  std::printf("storm of %.1f s on bus %s\n", std::chrono::duration<double>(Clock::now() - begin_).count(),
              bus_.c_str());
  line("processes started", started_);
  line("kills", kills_);
  line("stops", stops_);
  line("events published and noted", b.published);
  line("acknowledged by hand", b.acknowledged);
  line("leased again", b.again);
  line("given back", b.given_back);
  line("expired", b.expired);
  line("rejected", b.rejected);
  line("dead letters", b.letters);
}

}  // namespace group_storm
