#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <string>

#include "shmbus-nats/state_file.hpp"

using namespace shmbus;
using namespace shmbus::bridge;

namespace {

/// A name that no other test has; its file is removed at the end.
class Names {
 public:
  Names() : bus_("state-test-" + std::to_string(::getpid())) {}
  ~Names() { std::filesystem::remove("/dev/shm/shmbus-nats." + bus_ + ".host"); }
  std::optional<StateFile> open() const { return StateFile::open(bus_, "host"); }

 private:
  std::string bus_;
};

}  // namespace

TEST_CASE("one process at a time has a bridge's state", "[bridge]") {
  const Names names;
  std::optional<StateFile> first = names.open();
  REQUIRE(first);
  CHECK_FALSE(names.open());
  first.reset();
  CHECK(names.open());
}

TEST_CASE("positions and plans outlive their process", "[bridge]") {
  const Names names;
  {
    auto state = names.open();
    state->adopt_bus(7, {});
    CHECK_FALSE(state->has_positions());
    state->adopt_stream(1000);
    state->set_position(11, 5);
    state->set_position(11, 6);
    state->set_position(12, 1);
    state->plan(41, 11, 7);
    state->plan(42, 12, 2);
  }
  auto state = names.open();
  state->adopt_bus(7, {11, 12});
  state->adopt_stream(1000);
  CHECK(state->position(11) == 6);
  CHECK(state->position(12) == 1);
  CHECK(state->position(13) == 0);
  REQUIRE(state->planned(41));
  CHECK(state->planned(41)->topic == 11);
  CHECK(state->planned(42)->sequence == 2);
  CHECK_FALSE(state->planned(43));
  state->plan(60, 11, 8);
  state->plan(61, 11, 9);
  state->plan(60, 12, 3);  // a new plan from here on: what stood behind it is another order
  CHECK(state->planned(60)->topic == 12);
  CHECK_FALSE(state->planned(61));
  state->end_plan(42);
  CHECK_FALSE(state->planned(42));
  CHECK_FALSE(state->planned(41 + StateFile::plan_size));
}

TEST_CASE("positions of topics that are gone, of another bus, and plans of another stream are forgotten", "[bridge]") {
  const Names names;
  auto state = names.open();
  state->adopt_bus(7, {});
  state->adopt_stream(1000);
  state->set_position(11, 5);
  state->set_position(12, 6);
  state->plan(41, 11, 7);
  state->adopt_bus(7, {12});
  CHECK(state->position(11) == 0);
  CHECK(state->position(12) == 6);
  state->adopt_stream(1001);
  CHECK_FALSE(state->planned(41));
  state->adopt_bus(8, {12});
  CHECK_FALSE(state->has_positions());
}

TEST_CASE("a rule is known once it was followed on this incarnation of the bus", "[bridge]") {
  const Names names;
  {
    auto state = names.open();
    state->adopt_bus(7, {});
    CHECK(state->first_rules());
    state->know_rule(5);
    state->know_rule(9);
    state->know_rule(5);
  }
  auto state = names.open();
  state->adopt_bus(7, {});
  CHECK_FALSE(state->first_rules());
  CHECK(state->knows_rule(5));
  CHECK(state->knows_rule(9));
  CHECK_FALSE(state->knows_rule(6));
  state->adopt_bus(8, {});
  CHECK(state->first_rules());
}

TEST_CASE("there is room for more topics than a bus has", "[bridge]") {
  const Names names;
  auto state = names.open();
  for (std::uint64_t topic = 1; topic <= 8192; ++topic) state->set_position(topic * 0x9e3779b97f4a7c15u, topic);
  for (std::uint64_t topic = 1; topic <= 8192; ++topic) CHECK(state->position(topic * 0x9e3779b97f4a7c15u) == topic);
  state->set_position(3, 4);  // one more takes the place of another
  CHECK(state->position(3) == 4);
}

TEST_CASE("the event that a dead process was publishing is known", "[bridge]") {
  const Names names;
  const EventId source{1, 2, 30};
  {
    auto state = names.open();
    const std::size_t origin = state->origin("host-b");
    CHECK(state->origin_stream(origin) == 0);
    state->begin_origin(origin, 500, 8);
    CHECK(state->taken_time(origin) == 0);
    state->finish(origin, 9, 1009, nullptr);
    state->begin(origin, {10, 77, 4, source, 1010});
  }
  auto state = names.open();
  const std::size_t origin = state->origin("host-b");
  CHECK(state->origin("host-c") != origin);
  CHECK(state->origin_stream(origin) == 500);
  CHECK(state->taken(origin) == 9);
  CHECK(state->taken_time(origin) == 1009);
  const auto pending = state->pending(origin);
  REQUIRE(pending);
  CHECK(pending->message == 10);
  CHECK(pending->topic == 77);
  CHECK(pending->sequence == 4);
  CHECK(pending->source == source);
  CHECK(pending->time == 1010);

  SECTION("when it is on the bus, its message and its source event are dealt with") {
    state->finish(origin, 10, 1010, &source);
    CHECK_FALSE(state->pending(origin));
    CHECK(state->taken(origin) == 10);
    CHECK(state->source_sequence({1, 2, 0}) == 30);
    CHECK(state->source_sequence({2, 2, 0}) == 0);
  }
  SECTION("when it is not, nothing is pending") {
    state->drop_pending(origin);
    CHECK_FALSE(state->pending(origin));
    CHECK(state->taken(origin) == 9);
  }
  SECTION("a stream that was made anew begins anew") {
    state->begin_origin(origin, 501, 0);
    CHECK(state->origin_stream(origin) == 501);
    CHECK(state->taken(origin) == 0);
    CHECK_FALSE(state->pending(origin));
  }
}
