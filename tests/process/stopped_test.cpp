// A stopped process is alive: others take nothing that it holds, and it goes on as before.

#include <poll.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;

namespace {

const shmbus::TopicOptions small{.block_size = 4096, .blocks = 4};

std::string read_texts(shmbus::Subscriber& subscriber) {
  std::string all;
  while (subscriber.poll([&](const Event& event) { all += std::string{event.text()} + " "; }) != 0) {
  }
  return all;
}

/// A process that has a loan open when it is stopped, and commits it when it goes on.
void lend(const std::string& name, const Parent& parent) {
  shmbus::Bus bus = shmbus::Bus::open(name);
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Loan loan = publisher.loan(4);
  std::memcpy(loan.payload().data(), "late", 4);
  parent.say();
  parent.hear();
  test::require(bool{loan.commit()}, "commit");
}

}  // namespace

TEST_CASE("a stopped process is not taken for dead: it keeps its node, ports and retained events", "[stopped]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1ms});
  shmbus::Publisher publisher = bus.publisher("t", small);
  publisher.publish("one");
  ForkedProcess process{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher own = member.publisher("t");
    shmbus::Subscriber subscriber = member.subscriber("t", {.start = Start::oldest()});
    std::vector<shmbus::RetainedEvent> retained;
    subscriber.poll([&](const Event& event) { retained.push_back(event.retain()); });
    parent.say();
    parent.hear();
    test::require(retained.at(0)->text() == "one", "the retained event changed");
    test::require(bool{own.publish("two")}, "publish");
    std::uint64_t seen = 0;
    while (const std::size_t n = subscriber.poll([](const Event&) {})) seen += n;
    test::require(subscriber.status() == Status::ok, "status");
    test::require(seen + subscriber.lost() == 5001, "seen and lost don't add up");
  }};
  process.hear();
  process.stop();
  for (int i = 0; i < 5000; ++i) REQUIRE(publisher.try_publish("many of these overrun the ring"));
  std::this_thread::sleep_for(10ms);
  const auto report = bus.reap();
  CHECK(report.nodes + report.publishers + report.subscribers + report.subscriptions == 0);
  const auto snapshot = shmbus::Inspector(name.name()).snapshot();
  REQUIRE(snapshot.nodes.size() == 2);
  CHECK((snapshot.nodes[0].alive && snapshot.nodes[1].alive));
  process.resume();
  process.say();
  CHECK(process.wait() == test::End{});
}

TEST_CASE("a lossy reader passes a stopped publisher's open claim after the stall limit, and counts it as lost",
          "[stopped]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 50ms});
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Subscriber lossy = bus.subscriber("t"), reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
  publisher.publish("before");
  ForkedProcess process{[&](const Parent& parent) { lend(name.name(), parent); }};
  process.hear();
  process.stop();
  publisher.publish("after");
  CHECK(read_texts(reliable) == "before ");
  std::string seen;
  const auto start = std::chrono::steady_clock::now();
  test::wait_until("the lossy reader to go on", [&] {
    seen += read_texts(lossy);
    return seen == "before after ";
  });
  CHECK(std::chrono::steady_clock::now() - start >= 40ms);
  CHECK(lossy.lost() == 1);
  CHECK(read_texts(reliable).empty());

  process.resume();
  process.say();
  CHECK(process.wait() == test::End{});
  CHECK(read_texts(reliable) == "late after ");
  CHECK(reliable.lost() == 0);
  shmbus::Subscriber replay = bus.subscriber("t", {.start = Start::oldest()});
  CHECK(read_texts(replay) == "before late after ");
}

TEST_CASE("a stopped publisher's open claim holds a lossy reader no longer than the stall limit, however it reads",
          "[stopped]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 500ms});
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Subscriber reader = bus.subscriber("t");
  const int way = GENERATE(0, 1, 2, 3);
  CAPTURE(way);
  const auto look = [&] {
    if (way == 0) return;  // this reader polls all the time
    if (way == 1) return std::this_thread::sleep_for(30ms);
    if (way == 2) return static_cast<void>(reader.wait());
    pollfd ready{.fd = reader.fd(), .events = POLLIN, .revents = 0};
    ::poll(&ready, 1, 90'000);
  };
  for (int i = 0; i < 300; ++i) read_texts(reader);  // the reader has been idle for long
  ForkedProcess process{[&](const Parent& parent) { lend(name.name(), parent); }};
  process.hear();
  process.stop();
  publisher.publish("after");
  std::string seen;
  const test::Deadline deadline;
  const auto start = std::chrono::steady_clock::now();
  while (seen.empty()) {
    look();
    seen = read_texts(reader);
    deadline.check("the event after the claim");
  }
  const auto held = std::chrono::steady_clock::now() - start;
  CHECK(held >= 400ms);
  CHECK(held < 5s);  // ten times the limit, for a loaded machine
  CHECK(seen == "after ");
  CHECK(reader.lost() == 1);
  for (int i = 0; i < 100; ++i) REQUIRE(publisher.try_publish("more"));  // the publisher is not held back either
  process.resume();
  process.say();
  CHECK(process.wait() == test::End{});
  seen.clear();
  test::wait_until("the rest", [&] { return (seen += read_texts(reader)).size() >= 500; });
  CHECK(seen.size() == 500);  // the late commit is not among them
  CHECK(seen.find("late") == std::string::npos);
  CHECK(reader.lost() == 1);
  shmbus::Subscriber replay = bus.subscriber("t", {.start = Start::oldest()});
  CHECK(read_texts(replay).starts_with("late after more "));
}

TEST_CASE("each of several stopped publishers' claims holds a lossy reader for at most the stall limit", "[stopped]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 50ms});
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Subscriber lossy = bus.subscriber("t"), reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
  std::vector<ForkedProcess> processes;
  for (int i = 0; i < 5; ++i) {
    processes.emplace_back([&](const Parent& parent) { lend(name.name(), parent); });
    processes.back().hear();
    processes.back().stop();
  }
  publisher.publish("after");
  std::string seen;
  const test::Deadline deadline;
  while (seen.empty()) {
    seen = read_texts(lossy);
    if (seen.empty()) lossy.wait();
    deadline.check("the event after the claims");
  }
  CHECK(seen == "after ");
  CHECK(lossy.lost() == 5);
  CHECK(read_texts(reliable).empty());
  for (ForkedProcess& process : processes) {
    process.resume();
    process.say();
    CHECK(process.wait() == test::End{});
  }
  CHECK(read_texts(reliable) == "late late late late late after ");
  CHECK((reliable.lost() == 0 && lossy.lost() == 5));
}

TEST_CASE("a publisher killed with an open claim is skipped, and not counted as lost", "[stopped]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 1h});
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Subscriber lossy = bus.subscriber("t"), reliable = bus.subscriber("t", {.delivery = Delivery::reliable});
  publisher.publish("before");
  ForkedProcess process{[&](const Parent& parent) { lend(name.name(), parent); }};
  process.hear();
  publisher.publish("after");
  process.stop();
  process.kill();
  for (shmbus::Subscriber* subscriber : {&lossy, &reliable}) {
    std::string seen;
    test::wait_until("the reader to go on", [&] {
      seen += read_texts(*subscriber);
      return seen == "before after ";
    });
    CHECK(subscriber->lost() == 0);
  }
}

TEST_CASE("the block of a stopped publisher's claim is not reused, however often the ring goes round", "[stopped]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.stall_limit = 5ms});
  shmbus::Publisher publisher = bus.publisher("t", small);
  shmbus::Subscriber lossy = bus.subscriber("t");
  ForkedProcess process{[&](const Parent& parent) { lend(name.name(), parent); }};
  process.hear();
  process.stop();
  std::uint64_t seen = 0, wrong = 0;
  for (int i = 0; i < 20'000; ++i) {
    REQUIRE(publisher.try_publish("0123456789"));
    seen += lossy.poll([&](const Event& event) { wrong += event.text() != "0123456789" && event.text() != "late"; });
  }
  process.resume();
  process.say();
  CHECK(process.wait() == test::End{});
  const test::Deadline deadline;
  while (seen + lossy.lost() < 20'001) {
    seen += lossy.poll([&](const Event& event) { wrong += event.text() != "0123456789" && event.text() != "late"; });
    deadline.check("the rest");
  }
  CHECK(wrong == 0);
  CHECK(seen + lossy.lost() == 20'001);
}
