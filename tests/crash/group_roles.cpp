// What members of a group do in a scene.

#include <algorithm>
#include <thread>

#include "crash/role_actions.hpp"
#include "platform/segment_file.hpp"

namespace crash {

using namespace std::chrono_literals;
using shmbus::Bus;
using shmbus::Error;
using shmbus::ErrorCode;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Order;
using shmbus::Status;

namespace {

/// Short times. A group whose members died holds publishers back no longer than a reader that is demoted.
shmbus::GroupOptions short_lived(Order order) {
  return {.window = 1024,
          .lease = 10ms,
          .max_deliveries = 1,
          .backoff = {},
          .order = order,
          .start = shmbus::Start::oldest(),
          .abandon_after = 20ms};
}

/// Others may have the last port, or be removing it.
template <class Step>
void in_a_group(Step step) {
  try {
    step();
  } catch (const Error& error) {
    test::require(error.code() == ErrorCode::busy || error.code() == ErrorCode::limit, error.what());
  }
}

/// Ends a lease in one of all ways.
void end(Lease lease, std::uint64_t number) {
  test::require(test::SelfChecking::whole(lease.event().payload()), "a torn event");
  switch (number % 64) {
    case 3:
      static_cast<void>(lease.give_back(0s));
      break;
    case 7:
      static_cast<void>(lease.give_back(2ms));
      break;
    case 11:
      static_cast<void>(lease.extend(5ms));
      break;  // given back
    case 15:
      static_cast<void>(lease.reject("no"));
      break;
    case 19:
      std::this_thread::sleep_for(15ms);  // it expires
      [[fallthrough]];
    default:
      static_cast<void>(lease.acknowledge());
  }
}

void share(const Stage& stage, const char* name, Order order) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  stage.repeat([&] {
    in_a_group([&] {
      Group group = bus.group(stage.topic, name, short_lived(order));
      for (int i = 0; i < 100 && !stage.over(); ++i) {
        if (Lease lease = group.take(1ms)) end(std::move(lease), ++number);
      }
    });
    in_a_group([&] { bus.remove_group(stage.topic, name); });
  });
  in_a_group([&] { bus.remove_group(stage.topic, name); });
}

}  // namespace

void share_a_group(const Stage& stage) { share(stage, "any", Order::any); }
void share_a_group_by_key(const Stage& stage) { share(stage, "keyed", Order::by_key); }

/// Leaves a group that holds nobody back, and comes again when more has left the ring than its window has slots.
void fall_behind_a_group(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::GroupOptions options = short_lived(Order::any);
  options.abandon_after = 1ms;
  std::uint64_t number = 0;
  stage.repeat([&] {
    const std::string topic = "gap." + std::to_string(stage.self) + "." + std::to_string(++number);
    shmbus::Publisher publisher = bus.publisher(topic, topic_options("t"));
    static_cast<void>(bus.group(topic, "g", options));  // it leaves at once
    for (std::uint64_t i = 0; i < 2000; ++i) {
      if (i % 50 == 7) publisher.try_loan(8).abort();
      publisher.publish_for(5ms, std::string_view("some text"));
    }
    {
      Group group = bus.group(topic, "g", options);
      for (int i = 0; i < 20; ++i) static_cast<void>(group.take(1ms).acknowledge());
    }
    if (number % 2 == 0) bus.remove_group(topic, "g");
    bus.remove_topic(topic);  // with its group
  });
}

/// Makes a group beside a journal, lets the bus's memory vanish as when the machine starts anew, and goes on.
void revive_a_group(const Stage& stage) {
  const std::string name = stage.bus + "b";
  stage.repeat([&] {
    for (const std::string& file : shmbus::platform::SegmentFile::list("shmbus." + name + "."))
      shmbus::platform::SegmentFile::unlink(file, file);
    on_a_passing_bus([&] {
      Bus bus = Bus::open(name);
      shmbus::Publisher publisher = bus.publisher("j", topic_options("j"));
      Group group = bus.group("j", "g", short_lived(Order::any));
      for (int i = 0; i < 20; ++i) publisher.publish("x");
      const Lease held = group.take(20ms);
      for (int i = 0; i < 10; ++i) static_cast<void>(group.take(20ms).acknowledge());
    });
  });
  on_a_passing_bus([&] { Bus::remove(name); });
}

}  // namespace crash
