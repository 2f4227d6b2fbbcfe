// What the end of a process, a fork and closed descriptors do to a durable subscription.

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "durable_fixture.hpp"
#include "support/closed_descriptors.hpp"
#include "support/forked_process.hpp"
#include "support/segments.hpp"
#include "support/temporary_folder.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using shmbus::Event;
using test::billing;
using test::billing_by_hand;
using test::DurableBus;
using test::ForkedProcess;
using test::from_to;
using test::Parent;
using test::poll_all;
using test::poll_once;
using test::publish;
using test::refused;
using test::Sequences;

TEST_CASE("after kill -9 each event is handled at least once, an acknowledged one never again, in order", "[durable]") {
  DurableBus f;
  f.bus.topic("t", {.blocks = 64});
  std::uint64_t published = 0, acknowledged = 0;
  std::optional<ForkedProcess> holder;
  const auto start = [&] {
    holder.emplace([&](const Parent& parent) {
      shmbus::Bus bus = shmbus::Bus::open(f.name.name());
      shmbus::Subscriber subscriber = bus.subscriber("t", billing_by_hand);
      parent.say();
      for (;;) {
        subscriber.poll(
            [&](const Event& event) {
              parent.say(event.sequence());  // handled
              if (parent.hear() != 0) subscriber.acknowledge(event);
              parent.say();  // acknowledged, if it was asked for
            },
            1);
        subscriber.wait(1ms);
      }
    });
    holder->hear();
  };
  start();
  shmbus::Publisher publisher = f.bus.publisher("t");
  for (int round = 0; round < 6; ++round) {
    publish(publisher, 5);
    published += 5;
    for (std::uint64_t i = acknowledged + 1; i <= published - 2; ++i) {
      CHECK(holder->hear() == i);
      const bool acknowledge = i < published - 2;
      holder->say(acknowledge ? 1 : 0);
      holder->hear();
      if (acknowledge) acknowledged = i;
    }
    holder->kill();
    start();
  }
  holder->kill();
  shmbus::Subscriber last = f.bus.subscriber("t", billing_by_hand);
  CHECK(poll_all(last) == from_to(acknowledged + 1, published));
  CHECK(last.lost() == 0);
}

TEST_CASE("a fork ends neither the holder nor what it acknowledges", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  std::optional<shmbus::Subscriber> holder(f.bus.subscriber("t", billing));
  publish(publisher, 2);
  CHECK(poll_once(*holder, 1) == Sequences{1});
  ForkedProcess child([&](const Parent& parent) {
    test::require(poll_once(*holder).empty(), "a child polls nothing");
    holder.reset();
    parent.say();
    parent.hear();
  });
  child.hear();
  refused(ErrorCode::busy, "billing", "", [&] { f.bus.subscriber("t", billing); });
  holder.reset();  // the child lives on, and does not hold the name
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  CHECK(poll_all(next) == from_to(1, 2));
  child.say();
  CHECK(child.wait() == test::End{});
}

TEST_CASE("a program that closes all descriptors goes on acknowledging", "[durable]") {
  DurableBus f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  const test::TemporaryFolder folder;
  const std::string file = folder.write("file", "x");
  const bool number_is_reused = GENERATE(false, true);
  ForkedProcess holder([&](const Parent& parent) {
    const test::KnownDescriptors known;
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    shmbus::Subscriber subscriber = bus.subscriber("t", billing_by_hand);
    const auto acknowledge_one = [&] {
      test::wait_until("an event", [&] {
        return subscriber.poll([&](const Event& event) { subscriber.acknowledge(event); }, 1) == 1;
      });
    };
    parent.say();
    acknowledge_one();
    if (number_is_reused)
      known.replace_others(file);
    else
      known.close_others();
    acknowledge_one();
    parent.say();
    parent.hear();
  });
  holder.hear();
  publish(publisher, 3);
  holder.hear();
  refused(ErrorCode::busy, "billing", "", [&] { f.bus.subscriber("t", billing_by_hand); });
  holder.kill();
  CHECK(test::read_at<char>(file, 0) == 'x');
  CHECK(std::filesystem::file_size(file) == 1);
  shmbus::Subscriber next = f.bus.subscriber("t", billing_by_hand);
  CHECK(poll_all(next) == Sequences{3});
}
