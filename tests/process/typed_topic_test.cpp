// What a topic carries, and how users of another type are refused.

#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "shmbus/type_fields.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/refusal.hpp"
#include "support/temporary_bus.hpp"

using shmbus::Content;
using shmbus::Error;
using shmbus::ErrorCode;
using shmbus::Event;
using test::ForkedProcess;
using test::Parent;

namespace typed_topic {
struct Celsius {
  double degrees;
};
struct Fahrenheit {
  double degrees;
};
struct Watch {
  std::uint64_t user, video;
};
SHMBUS_FIELDS(Watch, user, video)
}  // namespace typed_topic

using typed_topic::Celsius;
using typed_topic::Fahrenheit;
using typed_topic::Watch;

namespace {

ErrorCode refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.code();
  }
  FAIL("nothing was thrown");
  return {};
}

}  // namespace

TEST_CASE("raw bytes are refused on a topic that carries a type", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto heat = bus.publisher<Celsius>("heat");
  CHECK(refusal([&] { bus.publisher("heat"); }) == ErrorCode::type_mismatch);
  CHECK(heat.publish({21}));
  CHECK(bus.find_topic("heat")->content == Content::typed);
}

TEST_CASE("a type is refused on a topic that carries raw bytes", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher("log");  // a publisher decides, also without an event
  CHECK(refusal([&] { bus.publisher<Celsius>("log"); }) == ErrorCode::type_mismatch);
  CHECK(bus.find_topic("log")->content == Content::raw);
  CHECK_NOTHROW(bus.publisher("log"));
}

TEST_CASE("creating or reading a topic does not decide what it carries", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t");
  shmbus::Subscriber raw = bus.subscriber("t");
  auto typed = bus.subscriber<Celsius>("t");
  CHECK(bus.find_topic("t")->content == Content::undecided);
  bus.publisher<Celsius>("t").publish({3});
  CHECK(typed.poll([](const Celsius& c) { CHECK(c.degrees == 3); }) == 1);
  CHECK(raw.poll([](const Event& event) { CHECK(event.payload().size() == sizeof(Celsius)); }) == 1);
}

TEST_CASE("a topic that accepts raw bytes takes them beside its type", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", {.accept_raw = true});
  shmbus::Publisher raw = bus.publisher("t");
  auto typed = bus.publisher<Celsius>("t");
  CHECK(bus.find_topic("t")->accepts_raw);
  auto subscriber = bus.subscriber<Celsius>("t");
  CHECK(typed.publish({1}));
  CHECK(raw.publish("no Celsius"));
  CHECK(typed.publish({2}));
  std::vector<double> degrees;
  CHECK(subscriber.poll([&](const Celsius& c, const Event& event) {
    degrees.push_back(c.degrees);
    CHECK(event.topic() == "t");
  }) == 3);
  CHECK(degrees == std::vector<double>{1, 2});
  CHECK(subscriber.mismatched() == 1);
  CHECK(subscriber.lost() == 0);
  const auto topics = shmbus::Inspector(name.name()).snapshot().topics;
  REQUIRE(topics.size() == 1);
  REQUIRE(topics[0].subscribers.size() == 1);
  CHECK(topics[0].subscribers[0].mismatched == 1);
}

TEST_CASE("events of a wrong size are reported on standard error, at most once per second", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ForkedProcess reader([&](const Parent& parent) {
    ::dup2(ends[1], STDERR_FILENO);
    shmbus::Bus member = shmbus::Bus::open(name.name());
    auto subscriber = member.subscriber<Celsius>("t");
    parent.say();
    parent.hear();
    std::uint64_t events = 0;
    while (subscriber.poll([&](const Celsius&) { ++events; }) != 0) {
    }
    test::require(events == 0 && subscriber.mismatched() == 100, "another count");
    parent.say();
  });
  ::close(ends[1]);
  reader.hear();
  shmbus::Publisher raw = bus.publisher("t");
  for (int i = 0; i < 100; ++i) raw.publish("raw");
  reader.say();
  reader.hear();
  REQUIRE(reader.wait() == test::End{});
  std::string report;
  char buffer[512];
  for (ssize_t got; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) report.append(buffer, std::size_t(got));
  ::close(ends[0]);
  CHECK_THAT(report, Catch::Contains("'t'") && Catch::Contains("Celsius") && Catch::Contains("3 bytes"));
  CHECK(std::count(report.begin(), report.end(), '\n') <= 2);
}

TEST_CASE("a subscriber whose type can never come is refused at attach", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher<Celsius>("heat");
  bus.publisher("log");
  CHECK(refusal([&] { bus.subscriber<Fahrenheit>("heat"); }) == ErrorCode::type_mismatch);
  CHECK(refusal([&] { bus.subscriber<Celsius>("log"); }) == ErrorCode::type_mismatch);
  CHECK_NOTHROW(bus.subscriber<Celsius>("heat"));
  CHECK_NOTHROW(bus.subscriber<Celsius>("later"));
  CHECK(shmbus::Inspector(name.name()).snapshot().subscriptions.empty());
}

TEST_CASE("a typed subscriber with a pattern reads the events of its type, and counts the others", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto heat = bus.publisher<Celsius>("a.heat");
  auto subscriber = bus.subscriber<Celsius>("a.*");
  auto other = bus.publisher<Fahrenheit>("a.other");
  CHECK(heat.publish({1}));
  CHECK(other.publish({2}));
  double sum = 0;
  while (subscriber.poll([&](const Celsius& c) { sum += c.degrees; }) != 0) {
  }
  CHECK(sum == 1);
  CHECK(subscriber.mismatched() == 1);
}

TEST_CASE("a typed handler gets values of its type, and is refused where they can never come", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("heat", {.accept_raw = true});
  auto heat = bus.publisher<Celsius>("heat");
  CHECK(refusal([&] { (void)bus.subscribe<Fahrenheit>("heat", [](const Fahrenheit&) {}); }) ==
        ErrorCode::type_mismatch);
  std::atomic<int> sum{0};
  const auto values = bus.subscribe<Celsius>("heat", [&](const Celsius& c) { sum += static_cast<int>(c.degrees); });
  const auto both = bus.subscribe<Celsius>(
      "heat", [&](const Celsius& c, const Event& event) { sum += event.payload().size() == sizeof c ? 100 : 0; });
  CHECK(heat.publish({1}));
  CHECK(bus.publisher("heat").publish("no Celsius"));
  CHECK(heat.publish({2}));
  test::wait_until("both have handled all", [&] { return values.handled() == 3 && both.handled() == 3; });
  CHECK(sum == 203);
  CHECK(values.handler_errors() == 0);
  const shmbus::BusSnapshot look = shmbus::Inspector(name.name()).snapshot();
  for (const auto& subscriber : look.topics.at(0).subscribers) CHECK(subscriber.mismatched == 1);
}

TEST_CASE("the fields of a type are recorded with it", "[types]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.publisher<Watch>("w");
  const auto info = bus.find_topic("w");
  CHECK(info->type_fields == "user:unsigned long@0+8;video:unsigned long@8+8;");
  CHECK(info->type_layout == shmbus::type_info<Watch>.layout);
  CHECK_NOTHROW(bus.publisher("w", {}, info->type()));
  shmbus::TypeInfo older = info->type();
  older.layout ^= 1;
  CHECK(refusal([&] { bus.publisher("w", {}, older); }) == ErrorCode::type_mismatch);
}

TEST_CASE("processes that decide at one time what a topic carries agree", "[types]") {
  constexpr unsigned kProcesses = 4, kTopics = 100;
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  for (unsigned t = 0; t < kTopics; ++t)
    bus.topic("t" + std::to_string(t), {.block_size = 4096, .blocks = 2, .timestamps = false});
  std::vector<std::unique_ptr<ForkedProcess>> processes;
  for (unsigned p = 0; p < kProcesses; ++p) {
    processes.push_back(std::make_unique<ForkedProcess>([&name, p](const Parent& parent) {
      shmbus::Bus member = shmbus::Bus::open(name.name());
      parent.say();
      parent.hear();
      for (unsigned t = 0; t < kTopics; ++t) {
        std::uint64_t adopted = 1;
        try {
          const std::string topic = "t" + std::to_string(t);
          if (p % 2 == 0)
            member.publisher(topic);
          else
            member.publisher<Celsius>(topic);
        } catch (const Error& error) {
          test::require(error.code() == ErrorCode::type_mismatch, error.what());
          adopted = 0;
        }
        parent.say(adopted);
      }
    }));
  }
  for (const auto& process : processes) process->hear();
  for (const auto& process : processes) process->say();
  for (unsigned t = 0; t < kTopics; ++t) {
    std::vector<std::uint64_t> adopted;
    for (const auto& process : processes) adopted.push_back(process->hear());
    const bool raw = bus.find_topic("t" + std::to_string(t))->content == Content::raw;
    CAPTURE(t, raw);
    for (unsigned p = 0; p < kProcesses; ++p) CHECK(adopted[p] == ((p % 2 == 0) == raw ? 1u : 0u));
  }
  for (const auto& process : processes) CHECK(process->wait() == test::End{});
}

TEST_CASE("requested options that a topic does not match are reported", "[options]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const shmbus::TopicOptions made{.block_size = 4096, .blocks = 3, .timestamps = false, .mode = 0640};
  CHECK(bus.topic("t", made).different.empty());
  CHECK(bus.topic("t", made).different.empty());  // the number is rounded up, as at creation
  CHECK(bus.topic("t").different.empty());        // defaults demand nothing
  const std::vector<shmbus::DifferentOption> expected{
      {"block_size", "8192", "4096"},     {"blocks", "32", "4"},    {"reserve", "true", "false"},
      {"writers", "exclusive", "shared"}, {"mode", "0666", "0640"}, {"accept_raw", "true", "false"}};
  const shmbus::TopicOptions asked{.block_size = 8192,
                                   .blocks = 20,
                                   .reserve = true,
                                   .writers = shmbus::Writers::exclusive,
                                   .mode = 0666,
                                   .accept_raw = true};
  CHECK(bus.topic("t", asked).different == expected);
  CHECK(bus.publisher("t", asked).topic().different == expected);
  const std::string group = std::to_string(::getegid());
  CHECK(bus.topic("t", {.group = group}).different.empty());
  const std::string other = std::to_string(::getegid() + 1);
  CHECK(bus.topic("t", {.group = other}).different == std::vector<shmbus::DifferentOption>{{"group", other, group}});
}

TEST_CASE("a member with strict options is refused, and every difference is named", "[options]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", {.block_size = 4096, .blocks = 4, .timestamps = false});
  test::expect_refusal({ErrorCode::invalid_option, "'t'", "block_size 8192", "block_size 4096"},
                       [&] { bus.topic("t", {.block_size = 8192, .blocks = 4, .timestamps = false, .strict = true}); });
  test::expect_refusal({ErrorCode::invalid_option, "'t'", "timestamps true", "timestamps false"}, [&] {
    bus.publisher("t", {.block_size = 4096, .blocks = 4, .strict = true});  // strict demands the defaults, too
  });
  CHECK(bus.find_topic("t")->content == Content::undecided);
  CHECK_NOTHROW(bus.publisher("t", {.block_size = 4096, .blocks = 4, .timestamps = false, .strict = true}));
  CHECK_NOTHROW(bus.topic("new", {.block_size = 8192, .strict = true}));
}
