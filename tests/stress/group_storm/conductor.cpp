#include "group_storm/conductor.hpp"

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

// Average times.
constexpr auto kBetweenKills = 60ms * (test::slowness > 1 ? 2 : 1);
constexpr auto kBetweenStops = 40ms * (test::slowness > 1 ? 2 : 1);

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

std::vector<test::StormCrew::Seat> all_seats() {
  std::vector<test::StormCrew::Seat> seats;
  for (const Role& role : all_roles()) seats.push_back({role.what, role.harm});
  return seats;
}

}  // namespace

Conductor::Conductor(double seconds, std::uint64_t seed)
    : StormCrew(all_seats(), seed, test::patience),
      seconds_(seconds),
      bus_("group-storm-" + std::to_string(::getpid())),
      segments_(bus_),
      roles_(all_roles()),
      numbers_(roles_.size()) {
  require(roles_.size() < kSeats, "more processes than there are seats");
}

Conductor::~Conductor() {
  kill_all();
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

std::unique_ptr<test::ForkedProcess> Conductor::make_process(unsigned seat) {
  const Role& role = roles_[seat];
  Stage s = stage(seat);
  s.topic = role.topic;
  s.step("start");
  numbers_[seat] = s.self;
  auto process = std::make_unique<test::ForkedProcess>([s, act = role.act](const test::Parent& parent) {
    std::signal(SIGINT, SIG_IGN);  // Ctrl-C is for the conductor alone
    act(s, parent);
  });
  if (role.last) process->hear();
  return process;
}

test::Progress Conductor::progress(unsigned seat) const {
  const auto& at = books_.board->seats[seat];
  return {at.beat.load(), at.doing.load()};
}

/// Runs a process that does one thing while nothing else happens.
void Conductor::alone(const std::string& what, Act act) {
  const Stage s = stage(kSeats - 1);
  s.step("start");
  test::ForkedProcess process([&](const test::Parent& parent) { act(s, parent); });
  wait_alone(what, process, s.seat);
}

void Conductor::run() {
  alone("setting up", set_up);
  for (unsigned seat = 0; seat < roles_.size(); ++seat) start(seat);
  rage();

  end_replacing();
  books_.board->phase = Phase::closing;
  let_leave([this](unsigned seat) { return roles_[seat].last; });
  books_.board->phase = Phase::ended;
  let_leave([](unsigned) { return false; });
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
    if (happens(kBetweenKills)) {
      if (const auto seat = any_of(Harm::kills)) kill(*seat);
    }
    if (happens(kBetweenStops)) {
      if (const auto seat = one_to_stop())
        stop(*seat, microseconds(1000 + below(random_, chance(random_, 8) ? 250'000 : 30'000)));
    }
    attend();
    std::this_thread::sleep_for(kTick);
  }
}

void Conductor::print_figures() const {
  const Board& b = *books_.board;
  std::printf("storm of %.1f s on bus %s\n", std::chrono::duration<double>(Clock::now() - begin_).count(),
              bus_.c_str());
  test::print_storm_figure("processes started", started_);
  test::print_storm_figure("kills", kills_);
  test::print_storm_figure("stops", stops_);
  test::print_storm_figure("events published and noted", b.published);
  test::print_storm_figure("acknowledged by hand", b.acknowledged);
  test::print_storm_figure("leased again", b.again);
  test::print_storm_figure("given back", b.given_back);
  test::print_storm_figure("expired", b.expired);
  test::print_storm_figure("rejected", b.rejected);
  test::print_storm_figure("dead letters", b.letters);
}

}  // namespace group_storm
