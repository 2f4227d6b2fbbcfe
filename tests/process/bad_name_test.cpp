// Names, patterns, options and types that are refused, with a message that says why and what to do.

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/refusal.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::ErrorCode;
using test::expect_refusal;

namespace {

struct Celsius {
  double degrees;
};
struct Fahrenheit {
  double degrees;
};
struct alignas(64) Aligned {
  std::array<char, 64> bytes;
};
struct Huge {
  std::array<char, 8192> bytes;
};

}  // namespace

TEST_CASE("a bus name outside the allowed characters or length is refused", "[bad_input]") {
  const std::vector<std::pair<std::string, std::string>> names{{"", "none"},
                                                               {std::string(33, 'a'), "33 bytes"},
                                                               {"a.b", "'.'"},
                                                               {"a/b", "'/'"},
                                                               {"../etc", "'.'"},
                                                               {"a b", "' '"},
                                                               {"caf\xc3\xa9", ""},
                                                               {"a\nb", ""},
                                                               {std::string("a\0b", 3), ""},
                                                               {"\x1b[31mred", ""},
                                                               {"\x7f", ""},
                                                               {std::string(5000, '\x01'), "5000 bytes"}};
  for (const auto& [name, found] : names) {
    CAPTURE(name);
    expect_refusal({ErrorCode::invalid_name, "bus name", "", found}, [&, n = &name] { shmbus::Bus::open(*n); });
    expect_refusal({ErrorCode::invalid_name, "bus name", "", found}, [&, n = &name] { shmbus::Bus::remove(*n); });
    expect_refusal({ErrorCode::invalid_name, "bus name", "", found}, [&, n = &name] { shmbus::Inspector{*n}; });
  }
}

TEST_CASE("a topic name outside the allowed characters or length is refused", "[bad_input]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  for (const std::string& topic :
       {std::string{}, std::string(128, 't'), std::string{"."}, std::string{"a."}, std::string{".a"},
        std::string{"a..b"}, std::string{"a.*"}, std::string{">"}, std::string{"a b"}, std::string{"a/b"},
        std::string{"../x"}, std::string{"\xc3\xa9"}, std::string{"a\tb"}, std::string("a\0b", 3)}) {
    CAPTURE(topic);
    expect_refusal({ErrorCode::invalid_name, "topic name"}, [&] { bus.topic(topic); });
    expect_refusal({ErrorCode::invalid_name, "topic name"}, [&] { bus.publisher(topic); });
    expect_refusal({ErrorCode::invalid_name, "topic name"}, [&] { bus.find_topic(topic); });
    expect_refusal({ErrorCode::invalid_name, "topic name"}, [&] { bus.remove_topic(topic); });
  }
  CHECK(bus.topic(std::string(127, 't')).name.size() == 127);
  CHECK_NOTHROW(bus.topic("registry"));
  CHECK_NOTHROW(bus.topic("a.ctl"));
  CHECK_NOTHROW(bus.topic("a.log.1"));
  CHECK_NOTHROW(bus.topic("a"));
  CHECK(shmbus::Inspector(name.name()).snapshot().topics.size() == 5);
}

TEST_CASE("an invalid pattern is refused", "[bad_input]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  for (const std::string& pattern :
       {std::string{}, std::string(128, 't'), std::string{"a.>.b"}, std::string{">.a"}, std::string{"a.b*"},
        std::string{"**"}, std::string{"a..b"}, std::string{"a b"}, std::string{"a\x01"}, std::string{">>"}}) {
    CAPTURE(pattern);
    expect_refusal({ErrorCode::invalid_name, "pattern"}, [&] { bus.subscriber(pattern); });
    expect_refusal({ErrorCode::invalid_name, "pattern"}, [&] {
      static_cast<void>(bus.subscribe(pattern, [](const shmbus::Event&) {}));
    });
  }
  CHECK(shmbus::Inspector(name.name()).snapshot().subscriptions.empty());
}

TEST_CASE("an option out of its range is refused, and named", "[bad_input]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const auto topic = [&](const char* option, const shmbus::TopicOptions& options) {
    CAPTURE(option);
    expect_refusal({ErrorCode::invalid_option, option}, [&] { bus.topic("t", options); });
    CHECK_FALSE(bus.find_topic("t"));
  };
  topic("block_size", {.block_size = 0});
  topic("block_size", {.block_size = 2048});
  topic("block_size", {.block_size = 5000});
  topic("block_size", {.block_size = 128u << 20});
  topic("blocks", {.blocks = 0});
  topic("blocks", {.blocks = 1});
  topic("blocks", {.blocks = 65'537});
  topic("blocks", {.blocks = ~std::size_t{0}});
  topic("mode", {.mode = 0400});
  topic("mode", {.mode = 01777});
  topic("'t'", {.group = "no-such-group-here"});

  const auto subscriber = [&](const char* option, const shmbus::SubscriberOptions& options) {
    expect_refusal({ErrorCode::invalid_option, option}, [&] { bus.subscriber("t", options); });
  };
  subscriber("demote_after", {.demote_after = -1ns});
  subscriber("name", {.name = std::string(64, 'n')});

  const auto dispatch = [&](const char* option, const shmbus::DispatchOptions& options) {
    expect_refusal({ErrorCode::invalid_option, option}, [&] {
      static_cast<void>(bus.subscribe("t", [](const shmbus::Event&) {}, options));
    });
  };
  dispatch("workers", {.workers = 0});
  dispatch("workers", {.workers = 65});
  dispatch("queue", {.queue = 0});
  CHECK(shmbus::Inspector(name.name()).snapshot().subscriptions.empty());

  const test::TemporaryBus never;
  const auto open = [&](const char* option, const shmbus::BusOptions& options) {
    expect_refusal({ErrorCode::invalid_option, option}, [&] { shmbus::Bus::open(never.name(), options); });
  };
  open("stall_limit", {.stall_limit = 0ns});
  open("stall_limit", {.stall_limit = 2h});
  open("mode", {.mode = 0});
  open("mode", {.mode = 07777});
  open(never.name().c_str(), {.group = "no-such-group-here"});
  CHECK_FALSE(shmbus::Bus::remove(never.name()));
}

TEST_CASE("a type that differs from the topic's is refused, with both named", "[bad_input]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  auto celsius = bus.publisher<Celsius>("heat");
  expect_refusal({ErrorCode::type_mismatch, "'heat'", "Celsius", "Fahrenheit"},
                 [&] { bus.publisher<Fahrenheit>("heat"); });
  expect_refusal({ErrorCode::type_mismatch, "'heat'", "8 bytes", "64 bytes"}, [&] { bus.publisher<Aligned>("heat"); });
  bus.topic("raw");
  expect_refusal({ErrorCode::type_mismatch, "'raw'", "aligned to 8", "Aligned"}, [&] { bus.publisher<Aligned>("raw"); });
  expect_refusal({ErrorCode::invalid_option, "'small', block_size", "Huge", "4096"},
                 [&] { bus.publisher<Huge>("small", {.block_size = 4096}); });
  CHECK(celsius.publish({.degrees = 21}));
  CHECK(bus.find_topic("heat")->type_name.find("Celsius") != std::string::npos);
  CHECK_NOTHROW(bus.publisher<Celsius>("raw"));  // a topic without events takes its first publisher's type
  expect_refusal({ErrorCode::type_mismatch, "'raw'", "Celsius", "Fahrenheit"},
                 [&] { bus.publisher<Fahrenheit>("raw"); });
}

TEST_CASE("a payload larger than a block gives too_large, and nothing is published", "[bad_input]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  for (const auto writers : {shmbus::Writers::shared, shmbus::Writers::exclusive}) {
    const std::string topic = writers == shmbus::Writers::shared ? "shared" : "exclusive";
    shmbus::Publisher publisher = bus.publisher(topic, {.block_size = 4096, .writers = writers});
    const std::size_t most = publisher.topic().max_payload;
    CHECK(most > 4000);
    shmbus::Subscriber subscriber = bus.subscriber(topic);
    for (const std::size_t size : {most + 1, std::size_t{4096}, std::size_t{1} << 20}) {
      const std::vector<std::byte> payload(size);
      CHECK(publisher.publish(payload).status() == shmbus::Status::too_large);
      CHECK(publisher.publish_for(1h, payload).status() == shmbus::Status::too_large);
      CHECK(publisher.try_loan(size).status() == shmbus::Status::too_large);
    }
    CHECK(publisher.try_loan(~std::size_t{0}).status() == shmbus::Status::too_large);
    CHECK(publisher.try_loan(~std::size_t{0} - 64).status() == shmbus::Status::too_large);
    const std::vector<std::byte> whole(most);
    CHECK(publisher.publish(whole, {.trace = shmbus::TraceContext{}}).status() == shmbus::Status::too_large);
    CHECK(publisher.publish(whole).sequence() == 1);
    CHECK(publisher.publish(whole).sequence() == 2);
    CHECK(subscriber.poll([&](const shmbus::Event& event) { CHECK(event.payload().size() == most); }) == 2);
  }
  CHECK_THAT(shmbus::to_string(shmbus::Status::too_large), Catch::Contains("block_size"));
}
