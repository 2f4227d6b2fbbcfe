// Events that are leased too often, or rejected, become dead letters; and come back by the group's retry topic.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "group_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Group;
using shmbus::Lease;
using shmbus::Publisher;
using shmbus::Start;
using shmbus::Status;
using test::GroupBus;
using test::prompt;
using test::take;

namespace {

struct Order {
  std::uint64_t number;
};

/// What a dead letter says.
struct Letter {
  std::string text, key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string header(const std::string& name) const {
    for (const auto& [n, value] : headers) {
      if (n == name) return value;
    }
    return "none";
  }
  std::size_t count(const std::string& name) const {
    std::size_t found = 0;
    for (const auto& header : headers) found += header.first == name ? 1 : 0;
    return found;
  }
};

std::vector<Letter> letters(shmbus::Bus& bus, const std::string& topic = "t.dead") {
  std::vector<Letter> found;
  shmbus::Subscriber subscriber = bus.subscriber(topic, {.start = Start::oldest()});
  while (subscriber.poll([&](const Event& event) {
    Letter letter{std::string(event.text()), std::string(event.key()), {}};
    for (const auto& header : event.headers()) letter.headers.emplace_back(header.name, header.value);
    found.push_back(std::move(letter));
  }) != 0) {
  }
  return found;
}

shmbus::GroupOptions at_most(unsigned deliveries) {
  shmbus::GroupOptions options = prompt();
  options.max_deliveries = deliveries;
  return options;
}

}  // namespace

TEST_CASE("an event that was leased so often and not settled becomes a dead letter, with all that it carries",
          "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = at_most(3);
  options.name = "the worker";
  Group group = f.bus.group("t", "g", options);
  REQUIRE(publisher.publish("payload", {.headers = {{"colour", "red"}, {"size", "9"}}, .key = "u1"}));
  test::publish(publisher, 1);
  shmbus::EventId id{};
  for (unsigned i = 1; i <= 3; ++i) {
    Lease lease = take(group);
    CHECK(lease.event().sequence() == 1);
    CHECK(lease.deliveries() == i);
    id = lease.event().id();
    CHECK(lease.give_back(0s) == Status::ok);
  }
  CHECK(test::take_all(group) == test::Sequences{2});
  const auto found = letters(f.bus);
  REQUIRE(found.size() == 1);
  const Letter& letter = found.front();
  CHECK(letter.text == "payload");
  CHECK(letter.key == "u1");
  CHECK(letter.header("colour") == "red");
  CHECK(letter.header("size") == "9");
  CHECK(letter.header("shmbus-origin") == id.to_string());
  CHECK(letter.header("shmbus-group") == "g");
  CHECK(letter.header("shmbus-deliveries") == "3");
  CHECK_THAT(letter.header("shmbus-reason"), Catch::Contains("3 times"));
  CHECK_THAT(letter.header("shmbus-holder"),
             Catch::Contains("the worker") && Catch::Contains(std::to_string(::getpid())));
  CHECK(letter.headers.size() == 7);
}

TEST_CASE("a rejected event is a dead letter at once, with its reason", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  shmbus::GroupOptions options = prompt();
  options.dead_letters = "morgue";
  Group group = f.bus.group("t", "g", options);
  test::publish(publisher, 2);
  CHECK(take(group).reject("no such customer") == Status::ok);
  CHECK(take(group).reject(std::string(5000, 'r')) == Status::ok);
  CHECK_FALSE(group.try_take());
  const auto found = letters(f.bus, "morgue");
  REQUIRE(found.size() == 2);
  CHECK(found[0].header("shmbus-reason") == "no such customer");
  CHECK(found[0].header("shmbus-deliveries") == "1");
  CHECK(found[1].header("shmbus-reason") == std::string(1000, 'r'));
  CHECK_FALSE(f.bus.find_topic("t.dead"));
}

TEST_CASE("the largest event and the most headers become dead letters, too", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t", {.block_size = 4096});
  Group group = f.bus.group("t", "g", prompt());
  REQUIRE(publisher.publish(std::string(publisher.topic().max_payload, 'p')));
  std::vector<std::string> names;
  for (int i = 0; i < 64; ++i) names.push_back("h" + std::to_string(i));
  std::size_t most = 0;
  for (std::size_t n = names.size(); n > 0 && most == 0; --n) {
    shmbus::PublishOptions options;
    for (std::size_t i = 0; i < n; ++i) options.headers.push_back({names[i], "v"});
    try {
      if (publisher.publish("x", options)) most = n;
    } catch (const shmbus::Error&) {
    }
  }
  CHECK(most > 0);
  CHECK(take(group).reject("large") == Status::ok);
  CHECK(take(group).reject("many") == Status::ok);
  const auto found = letters(f.bus);
  REQUIRE(found.size() == 2);
  CHECK(found[0].text == std::string(publisher.topic().max_payload, 'p'));
  CHECK(found[1].headers.size() == most + 5);
}

TEST_CASE("an event whose dead letter can't be published stays in the group", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  auto exclusive = f.bus.publisher("t.dead", {.writers = shmbus::Writers::exclusive});
  Group group = f.bus.group("t", "g", prompt());
  test::publish(publisher, 1);
  CHECK(take(group).reject("no") != Status::ok);
  Lease again = take(group);
  CHECK(again.event().sequence() == 1);
  CHECK(again.deliveries() == 2);
  { const auto gone = std::move(exclusive); }
  CHECK(again.acknowledge() == Status::ok);
}

TEST_CASE("a typed topic's dead letters are of its type's bytes", "[group]") {
  GroupBus f;
  auto publisher = f.bus.publisher<Order>("t");
  Group group = f.bus.group("t", "g", prompt());
  REQUIRE(publisher.publish({.number = 77}));
  Lease lease = take(group);
  REQUIRE(lease.event().as<Order>() != nullptr);
  CHECK(lease.event().as<Order>()->number == 77);
  CHECK(lease.reject("no") == Status::ok);
  const auto found = letters(f.bus);
  REQUIRE(found.size() == 1);
  CHECK(found.front().text.size() == sizeof(Order));
}

TEST_CASE("members take from the retry topic, too, from its first event", "[group]") {
  GroupBus f;
  Publisher publisher = f.bus.publisher("t");
  Publisher early = f.bus.publisher("t.retry.early");
  REQUIRE(early.publish("before the group"));
  shmbus::GroupOptions options = prompt();
  options.start = Start::latest();
  Group first = f.bus.group("t", "early", options);
  CHECK(take(first).event().text() == "before the group");
  Group group = f.bus.group("t", "g", options);
  CHECK(take(first).acknowledge() == Status::ok);
  test::publish(publisher, 1);
  Publisher retry = f.bus.publisher("t.retry.g");
  REQUIRE(retry.publish("again", {.headers = {{"shmbus-origin", "of the first"}, {"shmbus-reason", "old"}}}));
  std::vector<std::string> topics;
  for (int i = 0; i < 2; ++i) {
    Lease lease = take(group);
    topics.emplace_back(lease.event().topic());
    if (topics.back() == "t") {
      CHECK(lease.acknowledge() == Status::ok);
    } else {
      CHECK(lease.event().text() == "again");
      CHECK(lease.reject("no") == Status::ok);
    }
  }
  CHECK(topics[0] != topics[1]);
  CHECK_FALSE(group.try_take());
  const auto found = letters(f.bus, "t.dead");
  REQUIRE(found.size() == 1);
  CHECK(found.front().header("shmbus-origin") == "of the first");
  CHECK(found.front().header("shmbus-reason") == "no");
  for (const char* name : {"shmbus-origin", "shmbus-reason", "shmbus-group"}) CHECK(found.front().count(name) == 1);
}
