// Processes that create topics, that subscribe to these topics, and that look after the bus.

#include <map>
#include <thread>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "storm/payload.hpp"
#include "storm/stage.hpp"

namespace storm {

using namespace std::chrono_literals;
using shmbus::Bus;
using test::require;

namespace {

/// Topic `number` of a creator's seat: "new.<seat>.<number>".
std::string new_topic(unsigned seat, std::uint64_t number) {
  return "new." + std::to_string(seat) + "." + std::to_string(number);
}

}  // namespace

/// Creates a topic, publishes some events, waits until the standing subscriber has them all, removes the topic, and repeats
/// that. The process that takes a killed creator's seat removes the topic which that creator was working on.
void create_topics(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  Word& created = stage.board().created[stage.seat];
  Bus bus = Bus::open(stage.bus);
  if (created != 0) bus.remove_topic(new_topic(stage.seat, created));
  while (stage.phase() == Phase::storm) {
    const std::uint64_t number = ++created;
    const std::string topic = new_topic(stage.seat, number);
    stage.step("create a topic");
    {
      shmbus::Publisher publisher = bus.publisher(topic, {.block_size = 4096, .blocks = 2});
      const std::uint64_t events = 1 + below(random, 20);
      for (std::uint64_t i = 1; i <= events; ++i) {
        stage.step("publish to a new topic");
        std::array<std::byte, sizeof(PayloadHead) + 17> bytes;
        write_payload(bytes, {.publisher = stage.seat, .counter = i, .last = i == events});
        const auto result = publisher.publish(bytes);
        require(result.status() == shmbus::Status::ok, shmbus::to_string(result.status()));
        require(result.sequence() == i, "a new topic's events are not numbered from 1");
      }
      // The subscriber may be stopped, but not for long: so there is no beat in this loop.
      stage.step("wait for the standing subscriber");
      while (stage.board().heard[stage.seat] != number) std::this_thread::sleep_for(200us);
    }
    stage.step("remove a topic");
    require(bus.remove_topic(topic), "a topic has gone");
    std::this_thread::sleep_for(std::chrono::microseconds(below(random, 20000)));
  }
}

/// A standing subscriber: it subscribes before any of these topics exists, and gets all events of each.
void listen_to_new_topics(const Stage& stage, const test::Parent& parent) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Subscriber subscriber = bus.subscriber("new.>", {.delivery = shmbus::Delivery::reliable});
  parent.say();
  std::map<std::string, std::uint64_t, std::less<>> sequences;
  while (stage.phase() != Phase::closing) {
    stage.step("listen to new topics");
    const std::size_t n = subscriber.poll([&](const shmbus::Event& event) {
      const PayloadHead head = read_payload(event);
      auto at = sequences.find(event.topic());
      if (at == sequences.end()) at = sequences.emplace(event.topic(), 0).first;
      require(event.sequence() == ++at->second && head.counter == event.sequence(),
              "an event of a new topic is missing: " + at->first);
      if (head.last == 0) return;
      stage.board().heard[head.publisher] = std::stoull(at->first.substr(at->first.rfind('.') + 1));
      add(stage.board().new_topics, 1);
      sequences.erase(at);
    });
    if (n == 0) subscriber.wait(20ms);
    require(subscriber.lost() == 0, "a reliable standing subscriber lost events");
    require(subscriber.status() == shmbus::Status::ok, shmbus::to_string(subscriber.status()));
  }
}

void reap_and_look(const Stage& stage, const test::Parent&) {
  Random random(stage.seed);
  Bus bus = Bus::open(stage.bus);
  shmbus::Inspector inspector(stage.bus);
  while (stage.phase() == Phase::storm) {
    stage.step("reap");
    bus.reap();
    stage.step("take a snapshot");
    for (const auto& topic : inspector.snapshot().topics) {
      const bool audited = std::find(kTopics.begin(), kTopics.end(), topic.info.name) != kTopics.end();
      require(!audited || topic.problem.empty(), "a monitor can't read a topic: " + topic.problem);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(1000 + below(random, 30000)));
  }
}

}  // namespace storm
