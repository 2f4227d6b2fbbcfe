// What an event holds, read in another process than its publisher's.

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;

namespace {

struct Watch {
  std::uint64_t user;
  std::uint64_t video;
};
struct Other {
  std::uint64_t a;
  std::uint64_t b;
};
struct alignas(64) Wide {
  std::array<float, 16> values;
};

shmbus::Time now() { return std::chrono::system_clock::now(); }

}  // namespace

TEST_CASE("a typed event arrives as its type, and as no other", "[event]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber(">");
  ForkedProcess publisher{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    auto watches = member.publisher<Watch>("watch");
    watches.publish({.user = 42, .video = 7});
    auto wide = member.publisher<Wide>("wide");
    for (int i = 0; i < 3; ++i) wide.publish({.values = {static_cast<float>(i)}});
    member.publisher("raw").publish(std::string(sizeof(Watch), 'x'));
  }};
  REQUIRE(publisher.wait() == test::End{});
  unsigned watches = 0, wides = 0, raws = 0;
  subscriber.poll([&](const Event& event) {
    if (event.topic() == "watch") {
      ++watches;
      REQUIRE(event.as<Watch>() != nullptr);
      CHECK(event.as<Watch>()->user == 42);
      CHECK(event.as<Watch>()->video == 7);
      CHECK(event.as<Other>() == nullptr);
      CHECK(event.as<std::uint64_t>() == nullptr);
      CHECK(event.payload().size() == sizeof(Watch));
    } else if (event.topic() == "wide") {
      REQUIRE(event.as<Wide>() != nullptr);
      CHECK(reinterpret_cast<std::uintptr_t>(event.as<Wide>()) % alignof(Wide) == 0);
      CHECK(event.as<Wide>()->values[0] == static_cast<float>(wides++));
    } else {
      ++raws;
      CHECK(event.as<Watch>() == nullptr);
      CHECK(event.text() == std::string(sizeof(Watch), 'x'));
      CHECK(reinterpret_cast<std::uintptr_t>(event.payload().data()) % 8 == 0);
    }
  });
  CHECK(watches == 1);
  CHECK(wides == 3);
  CHECK(raws == 1);
}

TEST_CASE("an event's time differs from the system clock by less than a millisecond", "[event]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber("clock");
  // Each event carries the time just before it was published; the next one's lies just after.
  ForkedProcess publisher{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    auto clock = member.publisher<shmbus::Time>("clock", {.block_size = 4096, .blocks = 4});
    for (int i = 0; i < 2000; ++i) {
      clock.publish(now());
      std::this_thread::sleep_for(500us);
      if (i % 100 == 99) parent.say();
    }
  }};
  bool first = true;
  shmbus::Time previous_event{}, previous_before{};
  std::chrono::nanoseconds early{0}, late{0};
  const auto read = [&](const Event& event) {
    const shmbus::Time before = *event.as<shmbus::Time>();
    early = std::max(early, before - event.time());
    if (!first) late = std::max(late, previous_event - before);
    first = false;
    previous_event = event.time();
    previous_before = before;
  };
  for (int i = 0; i < 20; ++i) {
    publisher.hear();
    subscriber.poll(read, 1000);
  }
  CHECK(publisher.wait() == test::End{});
  while (subscriber.poll(read) != 0) {
  }
  CHECK(subscriber.delivered() == 2000);
  CHECK(early < 1ms);
  CHECK(late < 1ms);
}

TEST_CASE("an event's id is unique among topics and buses, and holds its sequence", "[event]") {
  const test::TemporaryBus first, second;
  std::set<std::string> ids;
  for (const test::TemporaryBus* name : {&first, &second}) {
    shmbus::Bus bus = shmbus::Bus::open(name->name());
    shmbus::Subscriber subscriber = bus.subscriber(">");
    ForkedProcess publisher{[&](const Parent&) {
      shmbus::Bus member = shmbus::Bus::open(name->name());
      for (const char* topic : {"a", "b"}) {
        shmbus::Publisher p = member.publisher(topic);
        for (int i = 0; i < 100; ++i) p.publish("x");
      }
    }};
    REQUIRE(publisher.wait() == test::End{});
    subscriber.poll([&](const Event& event) {
      CHECK(event.id().bus == bus.incarnation());
      CHECK(event.id().topic == bus.find_topic(event.topic())->id);
      CHECK(event.id().sequence == event.sequence());
      ids.insert(event.id().to_string());
    });
  }
  CHECK(ids.size() == 400);
}

TEST_CASE("an event holds its publisher's port, and the inspector knows the port's node", "[event]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber("t");
  const auto body = [&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher p = member.publisher("t");
    p.publish(std::to_string(member.node()));
    parent.say();
    parent.hear();
  };
  std::vector<ForkedProcess> publishers;
  for (int i = 0; i < 3; ++i) publishers.emplace_back(body);
  for (const ForkedProcess& p : publishers) p.hear();
  const auto snapshot = shmbus::Inspector(name.name()).snapshot();
  unsigned found = 0;
  subscriber.poll([&](const Event& event) {
    for (const auto& p : snapshot.topics.at(0).publishers)
      found += p.port == event.publisher() && std::to_string(p.node) == event.text();
  });
  CHECK(found == 3);
  for (ForkedProcess& p : publishers) p.say();
  for (ForkedProcess& p : publishers) CHECK(p.wait() == test::End{});
}

TEST_CASE("a trace context travels with its event, retained or not, and others have none", "[event]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const bool typed = GENERATE(false, true);
  shmbus::Subscriber subscriber = bus.subscriber("t");
  ForkedProcess publisher{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::TraceContext trace;
    trace.trace_id.fill(std::byte{0xab});
    trace.parent_id.fill(std::byte{0xcd});
    trace.flags = 1;
    if (typed) {
      auto p = member.publisher<Wide>("t");
      p.publish({.values = {1.f}}, {.trace = trace});
      p.publish({.values = {2.f}});
    } else {
      shmbus::Publisher p = member.publisher("t");
      p.publish(std::as_bytes(std::span{"with"}), {.trace = trace});
      p.publish("none");
    }
  }};
  REQUIRE(publisher.wait() == test::End{});
  std::vector<shmbus::RetainedEvent> retained;
  std::vector<bool> traced;
  subscriber.poll([&](const Event& event) {
    retained.push_back(event.retain());
    traced.push_back(event.trace() != nullptr);
  });
  REQUIRE(traced == std::vector<bool>{true, false});
  REQUIRE(retained[0]->trace() != nullptr);
  CHECK(retained[0]->trace()->trace_id[15] == std::byte{0xab});
  CHECK(retained[0]->trace()->parent_id[7] == std::byte{0xcd});
  CHECK(retained[0]->trace()->flags == 1);
  CHECK(retained[1]->trace() == nullptr);
  if (typed) {
    REQUIRE(retained[0]->as<Wide>() != nullptr);
    CHECK(retained[0]->as<Wide>()->values[0] == 1.f);
    CHECK(retained[1]->as<Wide>()->values[0] == 2.f);
  } else {
    CHECK(retained[0]->text() == std::string_view("with", 5));
    CHECK(retained[1]->text() == "none");
  }
}

TEST_CASE("trace, headers and key travel with their event, retained or not", "[event]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const bool typed = GENERATE(false, true);
  const bool reserved = GENERATE(false, true);  // if reserved, each retained event is a copy
  const shmbus::TopicOptions options{.reserve = reserved};
  shmbus::Subscriber subscriber = bus.subscriber("t");
  ForkedProcess publisher{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::TraceContext trace;
    trace.flags = 7;
    const shmbus::PublishOptions with{
        .trace = trace,
        .headers = {{"content-type", "json"}, {"empty", ""}, {"content-type", "text"}},
        .key = "user-42"};
    if (typed) {
      auto p = member.publisher<Wide>("t", options);
      test::require(bool{p.publish({.values = {1.f}}, with)}, "publish");
      test::require(bool{p.publish({.values = {2.f}})}, "publish");
      auto loan = p.loan(with);
      loan->values[0] = 3.f;
      test::require(bool{loan.commit()}, "commit");
    } else {
      shmbus::Publisher p = member.publisher("t", options);
      test::require(bool{p.publish("1", with)}, "publish");
      test::require(bool{p.publish("2")}, "publish");
      auto loan = p.loan(100, with);
      loan.payload()[0] = std::byte{'3'};
      test::require(bool{loan.commit(1)}, "commit");
    }
  }};
  REQUIRE(publisher.wait() == test::End{});
  using Headers = std::vector<std::pair<std::string, std::string>>;
  unsigned events = 0;
  const auto check = [&](const Event& event) {
    const char number = static_cast<char>('1' + events++ % 3);
    if (typed) {
      REQUIRE(event.as<Wide>() != nullptr);
      CHECK(event.as<Wide>()->values[0] == static_cast<float>(number - '0'));
    } else {
      CHECK(event.text() == std::string(1, number));
    }
    Headers headers;
    for (const shmbus::EventHeader header : event.headers()) headers.emplace_back(header.name, header.value);
    if (number == '2') {
      CHECK(event.trace() == nullptr);
      CHECK(headers.empty());
      CHECK(event.headers().empty());
      CHECK_FALSE(event.header("content-type"));
      CHECK(event.key().empty());
      return;
    }
    REQUIRE(event.trace() != nullptr);
    CHECK(event.trace()->flags == 7);
    CHECK(headers == Headers{{"content-type", "json"}, {"empty", ""}, {"content-type", "text"}});
    CHECK(event.header("content-type") == "json");
    CHECK(event.header("empty") == "");
    CHECK_FALSE(event.header("content"));
    CHECK(event.key() == "user-42");
  };
  std::vector<shmbus::RetainedEvent> retained;
  subscriber.poll([&](const Event& event) {
    check(event);
    retained.push_back(event.retain());
  });
  REQUIRE(events == 3);
  for (const auto& event : retained) {
    CHECK(event.copied() == reserved);
    check(*event);
  }
  for (const auto& event : retained) {
    const auto again = event->retain();
    CHECK(again.copied() == reserved);
    check(*again);
  }
}

TEST_CASE("a loan is written in place, trimmed at commit, or aborted and skipped", "[event]") {
  const auto writers = GENERATE(shmbus::Writers::shared, shmbus::Writers::exclusive);
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Subscriber subscriber = bus.subscriber("t");
  ForkedProcess publisher{[&](const Parent&) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher p = member.publisher("t", {.writers = writers});
    for (std::size_t used :
         {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{8}, std::size_t{999}, std::size_t{1000}}) {
      shmbus::Loan loan = p.loan(1000);
      test::require(bool{loan} && loan.payload().size() == 1000, "loan");
      for (std::byte& b : loan.payload()) b = static_cast<std::byte>(used);
      test::require(p.publish("x").status() == shmbus::Status::loan_open, "publish beside a loan");
      test::require(p.try_loan(1).status() == shmbus::Status::loan_open, "a second loan");
      test::require(loan.commit(1001).status() == shmbus::Status::beyond_loan && bool{loan}, "commit of too much");
      test::require(bool{loan.commit(used)}, "commit");
      { const shmbus::Loan aborted = p.loan(500); }
    }
    test::require(bool{p.publish("end")}, "publish after loans");
  }};
  REQUIRE(publisher.wait() == test::End{});
  std::vector<std::size_t> sizes;
  std::uint64_t last = 0;
  subscriber.poll([&](const Event& event) {
    CHECK(event.sequence() > last);
    last = event.sequence();
    if (event.text() == "end") return;
    sizes.push_back(event.payload().size());
    for (std::byte b : event.payload()) CHECK(b == static_cast<std::byte>(sizes.back()));
  });
  CHECK(sizes == std::vector<std::size_t>{0, 1, 7, 8, 999, 1000});
  CHECK(subscriber.lost() == 0);
  CHECK(subscriber.delivered() == 7);
}
