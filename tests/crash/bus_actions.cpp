// What roles do that create, remove and repair topics and buses.

#include "crash/role_actions.hpp"

#include <unistd.h>

#include <thread>

#include "base/bus_name.hpp"
#include "platform/segment_file.hpp"

namespace crash {

using namespace std::chrono_literals;
using shmbus::Bus;

void come_and_go(const Stage& stage) {
  std::uint64_t number = 0;
  stage.repeat([&] {
    Bus bus = Bus::open(stage.bus);
    shmbus::Subscriber subscriber = bus.subscriber(stage.topic, reliable(stage));
    shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
    EventChecker checker;
    for (int i = 0; i < 3; ++i) {
      if (publish_one(publisher, stage.self, ++number, true)) read_some(subscriber, checker);
    }
  });
}

void create_topics(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  stage.repeat([&] {
    const std::string topic = "new." + std::to_string(stage.self) + "." + std::to_string(++number);
    shmbus::Publisher publisher = bus.publisher(topic, topic_options("t"));
    publish_one(publisher, stage.self, number * 8 + 4, false);
    bus.remove_topic(topic);
  });
}

void create_and_remove_one_topic(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  stage.repeat([&] {
    {
      shmbus::Publisher publisher = bus.publisher("rival", topic_options("t"));
      publisher.publish("x");
    }
    if (++number % 2 == 0) bus.remove_topic("rival");
  });
}

void make_and_remove_a_bus(const Stage& stage) {
  const std::string name = stage.bus + "b";
  stage.repeat([&] {
    on_a_passing_bus([&] {
      Bus bus = Bus::open(name);
      shmbus::Subscriber subscriber = bus.subscriber("t");
      bus.publisher("t", topic_options("t")).publish("x");
    });
    on_a_passing_bus([&] { Bus::remove(name); });
  });
}

/// Unlinks a registry by hand, and leaves the segments.
void lose_a_registry(const Stage& stage) {
  const std::string name = stage.bus + "b";
  const std::string path =
      std::string(shmbus::platform::SegmentFile::kFolder) + "/" + shmbus::base::BusName(name).registry_file();
  stage.repeat([&] {
    on_a_passing_bus([&] { Bus::open(name).publisher("t", topic_options("t")).publish("x"); });
    ::unlink(path.c_str());
    on_a_passing_bus([&] { Bus::open(name).publisher("t", topic_options("t")).publish("x"); });
  });
}

void record_types(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  stage.repeat([&] {
    const std::string topic = "raw." + std::to_string(stage.self) + "." + std::to_string(++number);
    bus.topic(topic, topic_options("t"));  // the first publisher decides what it carries
    if (number % 2 == 0)
      bus.publisher(topic).publish("x");
    else
      bus.publisher<test::Numbered>(topic).publish({stage.self, number});
    bus.remove_topic(topic);
  });
}

void reap(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  stage.repeat([&] {
    bus.reap();
    std::this_thread::sleep_for(100us);
  });
}

/// Makes a bus with a journal, lets its memory vanish as when the machine starts anew, and opens it again.
void revive_a_bus(const Stage& stage) {
  const std::string name = stage.bus + "b";
  std::uint64_t last = 0;
  stage.repeat([&] {
    for (const std::string& file : shmbus::platform::SegmentFile::list("shmbus." + name + "."))
      shmbus::platform::SegmentFile::unlink(file, file);
    on_a_passing_bus([&] {
      Bus bus = Bus::open(name);
      shmbus::Publisher publisher = bus.publisher("j", topic_options("j"));
      for (int i = 0; i < 20; ++i) {
        const auto result = publisher.publish("x");
        if (!result) continue;
        test::require(result.sequence() > last, "a number was given twice");
        last = result.sequence();
      }
    });
  });
  on_a_passing_bus([&] { Bus::remove(name); });
}

}  // namespace crash
