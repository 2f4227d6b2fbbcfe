#include "storm/conductor.hpp"

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

// Average times.
constexpr auto kBetweenKills = 50ms * (test::slowness > 1 ? 2 : 1);
constexpr auto kBetweenStops = 25ms * (test::slowness > 1 ? 2 : 1);
/// A process that made no progress for this long, though it was not stopped, hangs.
constexpr auto kPatience = test::patience / (test::slowness > 1 ? 1 : 3);

std::vector<test::StormCrew::Seat> seats_of(const std::vector<Role>& roles) {
  std::vector<test::StormCrew::Seat> seats;
  for (const Role& role : roles) seats.push_back({role.name, role.harm});
  return seats;
}

}  // namespace

Conductor::Conductor(const Options& options)
    : StormCrew(seats_of(all_roles(options.publishers, options.readers)), options.seed, kPatience),
      options_(options),
      bus_("storm-" + std::to_string(::getpid())),
      segments_(bus_),
      roles_(all_roles(options.publishers, options.readers)) {
  require(roles_.size() <= kSeats, "more processes than there are seats");
}

Conductor::~Conductor() {
  kill_all();
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

std::unique_ptr<test::ForkedProcess> Conductor::make_process(unsigned seat) {
  const Role& role = roles_[seat];
  Stage s = stage(seat);
  s.topic = role.topic;
  s.unharmed = role.harm == Harm::none;
  s.survives = role.keeps_ledger;
  s.step("start");
  auto process = std::make_unique<test::ForkedProcess>([s, act = role.act](const test::Parent& parent) {
    std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the conductor alone
    act(s, parent);
  });
  if (role.first) process->hear();
  return process;
}

test::Progress Conductor::progress(unsigned seat) const {
  const auto& at = shared_.board->seats[seat];
  return {at.beat.load(), at.doing.load()};
}

void Conductor::note_kill(unsigned seat) {
  const Role& role = roles_[seat];
  if (role.publishes) add(shared_.board->topics[role.topic].deaths, 1);
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

  end_replacing();
  shared_.board->phase = Phase::calm;
  let_leave([this](unsigned seat) {  // publishers and helpers leave first
    const Role& role = roles_[seat];
    return !role.publishes && role.act != create_topics && role.act != reap_and_look;
  });
  alone("publishing the last events", publish_last);
  shared_.board->phase = Phase::closing;
  let_leave([](unsigned) { return false; });
  check_figures();
  alone("the look after the dead", check_storm_end);
  require(shmbus::Bus::remove(bus_), "the bus has gone");
  require(segments_.all().empty(), "a removed bus left " + (segments_.all().empty() ? "" : segments_.all().front()));
}

void Conductor::rage() {
  const auto end = Clock::now() + std::chrono::duration<double>(options_.seconds);
  while (Clock::now() < end) {
    const std::uint64_t before = monotonic_ns();
    if (happens(kBetweenKills)) {
      if (const auto seat = any_of(Harm::kills)) kill(*seat);
    }
    if (happens(kBetweenStops)) {
      // Mostly for less than the stall limit, sometimes for longer.
      if (const auto seat = one_to_stop()) {
        const bool longer = chance(random_, 8);
        stop(*seat,
             longer ? kStallLimit + microseconds(below(random_, 200'000)) : 1ms + microseconds(below(random_, 59'000)));
      }
    }
    attend();
    std::this_thread::sleep_for(kTick);
    deeds_.held = std::max(deeds_.held, monotonic_ns() - before);
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
