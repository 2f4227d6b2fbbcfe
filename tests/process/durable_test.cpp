// A durable subscription goes on after its last acknowledged event, however its process ended.

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "durable_fixture.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/closed_descriptors.hpp"
#include "support/forked_process.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"
#include "support/temporary_folder.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using shmbus::Acknowledge;
using shmbus::ErrorCode;
using shmbus::Event;
using shmbus::Start;
using shmbus::Status;
using shmbus::SubscriberOptions;
using test::ForkedProcess;
using test::Parent;
using test::from_to;
using test::poll_all;
using test::publish;
using test::Sequences;

namespace {

/// Checks that `use` is refused with this code and object, and a text that holds `phrase`.
template <class Use>
void refused(ErrorCode code, const std::string& object, const std::string& phrase, Use use) {
  test::expect_refusal({code, object}, [&] {
    try {
      use();
    } catch (const shmbus::Error& error) {
      CHECK_THAT(error.what(), Catch::Contains(phrase));
      throw;
    }
  });
}

Sequences poll_once(shmbus::Subscriber& subscriber, std::size_t limit = 256) {
  Sequences seen;
  subscriber.poll([&](const Event& event) { seen.push_back(event.sequence()); }, limit);
  return seen;
}

struct Fixture {
  test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
};

const SubscriberOptions billing{.durable = "billing"};
const SubscriberOptions billing_by_hand{.durable = "billing", .acknowledge = Acknowledge::manual};

}  // namespace

TEST_CASE("the next poll acknowledges what the one before handed out", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 3);
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing);
    CHECK(poll_all(subscriber).empty());  // latest
    publish(publisher, 5);
    CHECK(poll_once(subscriber, 2) == Sequences{4, 5});
    CHECK(poll_once(subscriber, 2) == Sequences{6, 7});
  }
  publish(publisher, 1);
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  CHECK(poll_all(next) == Sequences{6, 7, 8, 9});
  CHECK(next.lost() == 0);
}

TEST_CASE("a poll for no event acknowledges, too", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing);
    publish(publisher, 3);
    CHECK(poll_once(subscriber) == Sequences{1, 2, 3});
    CHECK(poll_once(subscriber, 0).empty());
  }
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  CHECK(poll_all(next).empty());
}

TEST_CASE("by hand, an acknowledgement covers all events before it", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  std::optional<shmbus::RetainedEvent> kept;
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing_by_hand);
    publish(publisher, 9);
    subscriber.poll([&](const Event& event) {
      if (event.sequence() == 4) CHECK(subscriber.acknowledge(event));
      if (event.sequence() == 6) kept.emplace(event.retain());
      if (event.sequence() == 3) CHECK(event.sequence() == 3);
    });
    CHECK(poll_once(subscriber).empty());  // acknowledges nothing
  }
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing_by_hand);
    CHECK(poll_once(subscriber) == from_to(5, 9));
    CHECK(subscriber.acknowledge(**kept));
    CHECK(subscriber.acknowledge(**kept));
  }
  kept.reset();
  shmbus::Subscriber last = f.bus.subscriber("t", billing_by_hand);
  CHECK(poll_once(last) == from_to(7, 9));
}

TEST_CASE("only a durable subscriber acknowledges, and only what it handed out", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  shmbus::Publisher other = f.bus.publisher("u");
  shmbus::Subscriber durable = f.bus.subscriber("t", billing_by_hand);
  shmbus::Subscriber plain = f.bus.subscriber(">");
  publish(publisher, 1);
  publish(other, 1);
  CHECK(plain.poll([&](const Event& event) {
    CHECK_FALSE(durable.acknowledge(event));
    refused(ErrorCode::invalid_option, "Subscriber '>'", "durable name", [&] { plain.acknowledge(event); });
  }) == 2);
  refused(ErrorCode::invalid_option, "standby", "", [&] { f.bus.subscriber("t", {.standby = true}); });
  refused(ErrorCode::invalid_option, "acknowledge", "",
          [&] { f.bus.subscriber("t", {.acknowledge = Acknowledge::manual}); });
  refused(ErrorCode::invalid_name, "durable name", "", [&] { f.bus.subscriber("t", {.durable = "a.b"}); });
  refused(ErrorCode::invalid_name, "durable name", "",
          [&] { f.bus.subscriber("t", {.durable = std::string(64, 'x')}); });
  refused(ErrorCode::invalid_option, "acknowledge", "", [&] {
    static_cast<void>(f.bus.subscribe(
        "t", [](const Event&) {}, billing_by_hand));
  });
}

TEST_CASE("start counts where the name is new, and no more then", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 10);
  for (int i = 0; i < 3; ++i) {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", {.start = Start::sequence(4), .durable = "billing"});
    CHECK(poll_once(subscriber) == from_to(4, 10));
  }
  shmbus::Subscriber subscriber = f.bus.subscriber("t", {.start = Start::latest(), .durable = "billing"});
  CHECK(poll_once(subscriber) == from_to(4, 10));
  shmbus::Subscriber ahead = f.bus.subscriber("t", {.start = Start::sequence(13), .durable = "ahead"});
  shmbus::Subscriber timed = f.bus.subscriber(
      "t",
      {.start = Start::time(shmbus::Time{std::chrono::system_clock::now().time_since_epoch()}), .durable = "timed"});
  publish(publisher, 5);
  CHECK(poll_once(timed) == from_to(11, 15));
  CHECK(poll_once(ahead) == from_to(13, 15));
}

TEST_CASE("a position survives that nothing was polled", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 10);
  const auto now = Start::time(shmbus::Time{std::chrono::system_clock::now().time_since_epoch()});
  { shmbus::Subscriber latest = f.bus.subscriber("t", {.durable = "latest"}); }
  { shmbus::Subscriber ahead = f.bus.subscriber("t", {.start = Start::sequence(13), .durable = "ahead"}); }
  { shmbus::Subscriber timed = f.bus.subscriber("t", {.start = now, .durable = "timed"}); }
  publish(publisher, 5);
  const auto rest = [&](const char* name) {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", {.start = Start::oldest(), .durable = name});
    return poll_once(subscriber);
  };
  CHECK(rest("latest") == from_to(11, 15));
  CHECK(rest("ahead") == from_to(13, 15));
  CHECK(rest("timed") == from_to(11, 15));
}

TEST_CASE("a topic that is newer than the name is read from its first event", "[durable]") {
  Fixture f;
  shmbus::Publisher old = f.bus.publisher("t.old");
  publish(old, 3);
  { shmbus::Subscriber first = f.bus.subscriber("t.*", billing); }
  shmbus::Publisher made = f.bus.publisher("t.new");
  publish(made, 3);
  publish(old, 1);
  shmbus::Subscriber next = f.bus.subscriber("t.*", billing);
  std::vector<std::string> seen;
  next.poll([&](const Event& event) { seen.push_back(std::string(event.topic()) + std::to_string(event.sequence())); });
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<std::string>{"t.new1", "t.new2", "t.new3", "t.old4"});
}

TEST_CASE("a topic that is made while the name is held, is read from its first event by the next holder too",
          "[durable]") {
  Fixture f;
  std::optional<shmbus::Subscriber> holder(f.bus.subscriber("t.*", billing));
  shmbus::Publisher made = f.bus.publisher("t.new");
  publish(made, 3);
  SECTION("never polled") { holder.reset(); }
  SECTION("polled, not acknowledged") {
    CHECK(poll_once(*holder) == from_to(1, 3));
    holder.reset();
  }
  shmbus::Subscriber next = f.bus.subscriber("t.*", billing);
  CHECK(poll_once(next) == from_to(1, 3));
}

TEST_CASE("what the ring drops while nobody holds the name counts as lost, exactly", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t", {.block_size = 4096, .blocks = 4});
  {
    shmbus::Subscriber subscriber = f.bus.subscriber("t", billing);
    publish(publisher, 10);
    poll_all(subscriber);
  }
  publish(publisher, 3000);
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  const Sequences seen = poll_all(next);
  REQUIRE_FALSE(seen.empty());
  CHECK(seen == from_to(seen.front(), 3010));
  CHECK(seen.front() > 11);
  CHECK(next.lost() == seen.front() - 11);
}

TEST_CASE("one subscriber holds a name; another's error names that process", "[durable]") {
  Fixture f;
  f.bus.topic("t");
  std::optional<shmbus::Subscriber> holder(f.bus.subscriber("t", billing));
  shmbus::Bus other = shmbus::Bus::open(f.name.name());
  refused(ErrorCode::busy, "durable subscription 'billing'", "pid " + std::to_string(::getpid()),
          [&] { other.subscriber("t", billing); });
  refused(ErrorCode::busy, "durable subscription 'billing'", "", [&] { f.bus.subscriber("t", billing); });
  refused(ErrorCode::busy, "durable subscription 'billing'", "", [&] { f.bus.forget("billing"); });
  shmbus::Subscriber another = other.subscriber("t", {.durable = "shipping"});
  holder.reset();
  shmbus::Subscriber next = other.subscriber("t", billing);
}

TEST_CASE("a name keeps its pattern", "[durable]") {
  Fixture f;
  { shmbus::Subscriber first = f.bus.subscriber("t.*", billing); }
  refused(ErrorCode::invalid_option, "durable subscription 'billing'", "expected its pattern 't.*', found 't.>'",
          [&] { f.bus.subscriber("t.>", billing); });
  CHECK(f.bus.forget("billing"));
  shmbus::Subscriber next = f.bus.subscriber("t.>", billing);
}

TEST_CASE("a forgotten name begins anew, and leaves no file", "[durable]") {
  Fixture f;
  const test::Segments segments(f.name.name());
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 5);
  CHECK_FALSE(f.bus.forget("billing"));
  const std::size_t before = segments.all().size();
  {
    shmbus::Subscriber first = f.bus.subscriber("t", {.start = Start::oldest(), .durable = "billing"});
    CHECK(poll_all(first) == from_to(1, 5));
  }
  CHECK(segments.all().size() == before + 2);
  CHECK(f.bus.forget("billing"));
  CHECK(segments.all().size() == before);
  CHECK_FALSE(f.bus.forget("billing"));
  shmbus::Subscriber again = f.bus.subscriber("t", {.start = Start::oldest(), .durable = "billing"});
  CHECK(poll_all(again) == from_to(1, 5));
  refused(ErrorCode::invalid_name, "durable name", "", [&] { f.bus.forget("a b"); });
}

TEST_CASE("removing a topic removes its cursors; one made anew is read from its first event", "[durable]") {
  Fixture f;
  const test::Segments segments(f.name.name());
  {
    shmbus::Publisher publisher = f.bus.publisher("t");
    shmbus::Subscriber first = f.bus.subscriber("t", billing);
    publish(publisher, 5);
    poll_all(first);
  }
  const std::size_t before = segments.all().size();
  CHECK(f.bus.remove_topic("t"));
  CHECK(segments.all().size() == before - 3);  // control segment, log, cursor
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 3);
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  CHECK(poll_all(next) == from_to(1, 3));
}

TEST_CASE("a cursor of a former topic is dropped, and reaped where nobody opens the name", "[durable]") {
  Fixture f;
  const test::Segments segments(f.name.name());
  std::string cursor, copy;
  {
    shmbus::Publisher publisher = f.bus.publisher("t");
    shmbus::Subscriber first = f.bus.subscriber("t", billing);
    publish(publisher, 5);
    poll_all(first);
    for (const std::string& path : segments.all()) {
      if (path.find(".t.cursor.billing.") != std::string::npos) cursor = path;
    }
    REQUIRE_FALSE(cursor.empty());
    copy = "/dev/shm/shmbus-test-" + f.name.name();
    std::filesystem::copy_file(cursor, copy);
  }
  CHECK(f.bus.remove_topic("t"));
  std::filesystem::rename(copy, cursor);  // as if its remover had died
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 3);
  const auto leftovers = shmbus::Inspector(f.name.name()).leftovers();
  REQUIRE(leftovers.size() == 1);
  CHECK(leftovers[0].kind == shmbus::Leftover::Kind::cursor);
  CHECK(leftovers[0].reapable());
  SECTION("dropped") {
    shmbus::Subscriber next = f.bus.subscriber("t", {.start = Start::latest(), .durable = "billing"});
    CHECK(poll_all(next) == from_to(1, 3));
  }
  SECTION("reaped") { CHECK(f.bus.reap().segments == 1); }
  CHECK_FALSE(std::filesystem::exists(cursor));
  CHECK(shmbus::Inspector(f.name.name()).leftovers().empty());
}

TEST_CASE("a damaged cursor is an error, and not a loss without a word", "[durable]") {
  Fixture f;
  const test::Segments segments(f.name.name());
  {
    shmbus::Publisher publisher = f.bus.publisher("t");
    shmbus::Subscriber first = f.bus.subscriber("t", billing);
    publish(publisher, 5);
    poll_all(first);
  }
  for (const std::string& path : segments.all()) {
    if (path.find(".cursor.") != std::string::npos) std::filesystem::resize_file(path, 100);
  }
  refused(ErrorCode::corrupt, "its cursor in topic 't'", "shmbus forget billing",
          [&] { f.bus.subscriber("t", billing); });
  CHECK(f.bus.forget("billing"));
  shmbus::Subscriber anew = f.bus.subscriber("t", {.start = Start::oldest(), .durable = "billing"});
  CHECK(poll_all(anew) == from_to(1, 5));
}

TEST_CASE("a typed subscriber can be durable", "[durable]") {
  Fixture f;
  auto publisher = f.bus.publisher<std::uint64_t>("t");
  {
    auto first = f.bus.subscriber<std::uint64_t>("t", billing_by_hand);
    for (std::uint64_t i = 1; i <= 5; ++i) publisher.publish(i);
    first.poll([&](const std::uint64_t& value, const Event& event) {
      if (value == 3) CHECK(first.acknowledge(event));
    });
    CHECK_FALSE(first.standing_by());
  }
  auto next = f.bus.subscriber<std::uint64_t>("t", billing_by_hand);
  Sequences seen;
  next.poll([&](const std::uint64_t& value) { seen.push_back(value); });
  CHECK(seen == Sequences{4, 5});
}

TEST_CASE("an event whose handler has returned is acknowledged; what a stop leaves unhandled is not", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  for (const std::size_t workers : {1u, 3u}) {
    const std::string name = "workers-" + std::to_string(workers);
    shmbus::DispatchOptions options{.subscriber = {.start = Start::latest(), .durable = name}, .workers = workers};
    {
      std::atomic<int> handled{0};
      auto subscription = f.bus.subscribe(
          "t", [&](const Event&) { ++handled; }, options);
      publish(publisher, 1000);
      test::wait_until("all handled", [&] { return handled == 1000; });
      CHECK(subscription.stop());
    }
    std::atomic<int> again{0};
    auto next = f.bus.subscribe(
        "t", [&](const Event&) { ++again; }, options);
    publish(publisher, 1);
    test::wait_until("the new one", [&] { return again == 1; });
    std::this_thread::sleep_for(20ms);
    CHECK(again == 1);
    CHECK(next.lost() == 0);
  }
}

TEST_CASE("a handler that throws is called again with the same event, and the subscription says so", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  for (const std::size_t workers : {1u, 2u}) {
    std::mutex mutex;
    Sequences seen;
    std::atomic<bool> broken{true};
    auto subscription = f.bus.subscribe(
        "t",
        [&](const Event& event) {
          const std::lock_guard lock(mutex);
          if (event.sequence() % 5 == 2 && broken) throw std::runtime_error("the database is down");
          seen.push_back(event.sequence());
        },
        {.subscriber = {.start = Start::latest(), .durable = "n" + std::to_string(workers)}, .workers = workers});
    publish(publisher, 5);
    test::wait_until("several tries", [&] { return subscription.handler_errors() >= 3; });
    CHECK(subscription.status() == Status::retrying);
    broken = false;
    test::wait_until("all handled", [&] { return subscription.handled() == 5; });
    test::wait_until("recovery", [&] { return subscription.status() == Status::ok; });
    const std::lock_guard lock(mutex);
    if (workers == 1) CHECK(std::is_sorted(seen.begin(), seen.end()));
    CHECK(seen.size() == 5);
  }
}

TEST_CASE("an event that could not be handled before a stop is handed out again", "[durable]") {
  Fixture f;
  shmbus::Publisher publisher = f.bus.publisher("t");
  for (const std::size_t workers : {1u, 3u}) {
    const std::uint64_t before = workers == 1 ? 0 : 10;
    const shmbus::DispatchOptions options{.subscriber = {.durable = "n" + std::to_string(workers)}, .workers = workers};
    {
      std::atomic<int> handled{0};
      auto subscription = f.bus.subscribe(
          "t",
          [&](const Event& event) {
            if (event.sequence() == before + 4) throw std::runtime_error("never");
            ++handled;
          },
          options);
      publish(publisher, 10);
      test::wait_until("the failure",
                       [&] { return subscription.handler_errors() >= 2 && handled >= (workers == 1 ? 3 : 9); });
      CHECK(subscription.stop());
    }
    std::mutex mutex;
    Sequences seen;
    auto next = f.bus.subscribe(
        "t",
        [&](const Event& event) {
          const std::lock_guard lock(mutex);
          seen.push_back(event.sequence());
        },
        shmbus::DispatchOptions{.subscriber = options.subscriber});
    test::wait_until("the rest", [&] { return next.handled() == 7; });
    const std::lock_guard lock(mutex);
    CHECK(seen == from_to(before + 4, before + 10));
  }
}

TEST_CASE("after kill -9 each event is handled at least once, an acknowledged one never again, in order", "[durable]") {
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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

TEST_CASE("an inspector shows who holds a name, and how far it is behind", "[durable]") {
  Fixture f;
  shmbus::Publisher a = f.bus.publisher("t.a", {.block_size = 4096, .blocks = 4});
  shmbus::Publisher other = f.bus.publisher("u");
  shmbus::Inspector inspector(f.name.name());
  CHECK(inspector.durables().empty());
  {
    shmbus::Subscriber holder = f.bus.subscriber("t.*", billing_by_hand);
    publish(a, 5);
    holder.poll([&](const Event& event) {
      if (event.sequence() == 3) holder.acknowledge(event);
    });
    shmbus::Publisher b = f.bus.publisher("t.b");
    publish(b, 2);
    const auto held = inspector.durables();
    REQUIRE(held.size() == 1);
    CHECK(held[0].name == "billing");
    CHECK(held[0].pattern == "t.*");
    CHECK(held[0].held);
    CHECK(held[0].pid == ::getpid());
    CHECK(held[0].behind == 4);
    REQUIRE(held[0].topics.size() == 2);
    CHECK(held[0].topics[0].topic == "t.a");
    CHECK(held[0].topics[0].acknowledged == 3);
    CHECK(held[0].topics[0].behind == 2);
    CHECK(held[0].topics[1].behind == 2);
    const auto subscriptions = inspector.snapshot().subscriptions;
    REQUIRE(subscriptions.size() == 1);
    CHECK((subscriptions[0].durable && !subscriptions[0].standing_by));
  }
  publish(a, 3000);
  const auto left = inspector.durables();
  REQUIRE(left.size() == 1);
  CHECK_FALSE(left[0].held);
  CHECK(left[0].pid == 0);
  CHECK(left[0].topics[0].behind == 3002);
  CHECK(left[0].dropped > 0);
  shmbus::Subscriber next = f.bus.subscriber("t.*", billing_by_hand);
  poll_all(next);
  CHECK(next.lost() == left[0].dropped);
}
