// A forked child can't use what its parent opened, and does it no harm.

#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "registry/bus_name_lock.hpp"
#include "registry/registry.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Event;
using shmbus::Status;
using test::ForkedProcess;
using test::Parent;
using test::SelfChecking;

namespace {

void require_closed(const std::function<void()>& open) {
  try {
    open();
  } catch (const shmbus::Error& error) {
    test::require(error.code() == shmbus::ErrorCode::closed, error.what());
    test::require(error.found().find("fork") != std::string::npos, error.what());
    return;
  }
  test::require(false, "an inherited bus opened something");
}

}  // namespace

TEST_CASE("objects that a child inherited refuse every use, and the parent goes on undisturbed", "[fork]") {
  const test::TemporaryBus name;
  std::optional<shmbus::Bus> bus = shmbus::Bus::open(name.name());
  std::optional<shmbus::Publisher> publisher = bus->publisher("t");
  std::optional<shmbus::Subscriber> subscriber = bus->subscriber("t");
  std::optional<shmbus::Publisher> lender = bus->publisher("loan");
  std::optional<shmbus::Loan> loan = lender->loan(8);
  std::optional<shmbus::Subscriber> polled = bus->subscriber("t");
  polled->fd();
  std::optional<shmbus::Subscription> subscription = bus->subscribe("t", [](const Event&) {});
  publisher->publish("one");

  ForkedProcess child{[&](const Parent&) {
    test::require(publisher->publish("x").status() == Status::closed, "publish");
    test::require(publisher->publish_for(1h, "x").status() == Status::closed, "publish_for");
    test::require(publisher->try_loan(1).status() == Status::closed, "loan");
    test::require(loan->commit().status() == Status::closed, "commit");
    test::require(subscriber->poll([](const Event&) {}) == 0, "poll");
    test::require(!subscriber->wait(), "wait");
    test::require(subscriber->status() == Status::closed, "status");
    require_closed([&] { bus->publisher("t"); });
    require_closed([&] { bus->publisher("new"); });
    require_closed([&] { bus->subscriber("t"); });
    require_closed([&] { static_cast<void>(bus->subscribe("t", [](const Event&) {})); });
    require_closed([&] { bus->topic("new"); });
    require_closed([&] { bus->find_topic("t"); });
    require_closed([&] { bus->remove_topic("t"); });
    require_closed([&] { bus->reap(); });
    require_closed([&] { subscriber->fd(); });
    // Destructors do nothing.
    loan.reset();
    lender.reset();
    publisher.reset();
    subscription.reset();
    polled.reset();
    subscriber.reset();
    bus.reset();
    // A bus that the child opens itself works.
    shmbus::Bus own = shmbus::Bus::open(name.name());
    test::require(bool{own.publisher("t").publish("two")}, "publish to a bus of its own");
  }};
  CHECK(child.wait() == test::End{});

  std::string seen;
  subscriber->poll([&](const Event& event) { seen += std::string{event.text()} + " "; });
  CHECK(seen == "one two ");
  CHECK(publisher->publish("three").sequence() == 3);
  CHECK(loan->commit());
  test::wait_until("the handler", [&] { return subscription->handled() == 3; });
  const auto snapshot = shmbus::Inspector(name.name()).snapshot();
  REQUIRE(snapshot.nodes.size() == 1);
  CHECK(snapshot.nodes[0].alive);
  CHECK(snapshot.subscriptions.size() == 3);
  for (const auto& topic : snapshot.topics) {
    CHECK(topic.publishers.size() == 1);
    CHECK(topic.subscribers.size() == (topic.info.name == "t" ? 3 : 0));
  }
}

TEST_CASE("a child that drops an inherited retained event does not unpin the parent's", "[fork]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  shmbus::Subscriber subscriber = bus.subscriber("t");
  SelfChecking::publish(publisher, 7, 100);
  std::vector<shmbus::RetainedEvent> retained;
  subscriber.poll([&](const Event& event) { retained.push_back(event.retain()); });
  REQUIRE(retained.size() == 1);
  REQUIRE(!retained[0].copied());
  ForkedProcess child{[&](const Parent&) { retained.clear(); }};
  REQUIRE(child.wait() == test::End{});
  for (std::uint64_t n = 100; n < 5000; ++n) {
    SelfChecking::publish(publisher, n, 100);
    subscriber.poll([](const Event&) {});
  }
  CHECK(SelfChecking::whole(retained[0]->payload()));
  CHECK(SelfChecking::number(retained[0]->payload()) == 7);
}

TEST_CASE("a child does not keep its dead parent's node alive", "[fork]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", {.writers = shmbus::Writers::exclusive});
  ForkedProcess parent{[&](const Parent& test) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t");
    shmbus::Subscriber subscriber = member.subscriber("t", {.delivery = shmbus::Delivery::reliable});
    if (::fork() == 0) {
      test.say(static_cast<std::uint64_t>(::getpid()));
      ::pause();  // and keeps all that it inherited
      ::_exit(0);
    }
    test.hear();
  }};
  const auto grandchild = static_cast<pid_t>(parent.hear());
  CHECK_THROWS_AS(bus.publisher("t"), shmbus::Error);
  parent.kill();
  REQUIRE(::kill(grandchild, 0) == 0);
  CHECK_NOTHROW(bus.publisher("t"));
  CHECK(bus.reap().nodes == 1);
  CHECK(::kill(grandchild, SIGKILL) == 0);
}

TEST_CASE("inherited mappings and descriptors are of no use to a child, and do not keep its parent's node alive",
          "[fork]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", {.writers = shmbus::Writers::exclusive});
  bus.topic("u");
  ForkedProcess parent{[&](const Parent& test) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Bus second = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t"), other = second.publisher("u");
    shmbus::Subscriber subscriber = member.subscriber("t", {.delivery = shmbus::Delivery::reliable});
    test::require(bool{publisher.publish("one")} && bool{other.publish("one")}, "publish");
    const auto refused = [&] {
      test::require(publisher.publish("x").status() == Status::closed, "publish");
      test::require(other.publish("x").status() == Status::closed, "publish to the other");
      test::require(subscriber.poll([](const Event&) {}) == 0 && !subscriber.wait(1h), "subscriber");
      require_closed([&] { member.publisher("new"); });
      require_closed([&] { second.reap(); });
    };
    if (::fork() == 0) {
      refused();
      if (::fork() == 0) {  // a child's child does not either
        refused();
        test.say(static_cast<std::uint64_t>(::getpid()));
        ::alarm(90);  // ends the child if the test fails
        ::pause();
        ::_exit(0);
      }
      test.say(static_cast<std::uint64_t>(::getpid()));
      ::alarm(90);
      ::pause();
      ::_exit(0);
    }
    ::pause();
  }};
  const auto child = static_cast<pid_t>(parent.hear()), other = static_cast<pid_t>(parent.hear());
  CHECK(bus.reap().nodes == 0);
  parent.kill();
  REQUIRE((::kill(child, 0) == 0 && ::kill(other, 0) == 0));
  CHECK(bus.publisher("t").publish("two").sequence() == 2);
  CHECK(bus.reap().nodes == 2);
  CHECK((::kill(child, SIGKILL) == 0 && ::kill(other, SIGKILL) == 0));
}

TEST_CASE("a child that was forked while its parent held the lock on a bus's name does not hold that lock", "[fork]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t");
  const bool dies_holding = GENERATE(false, true);
  ForkedProcess parent{[&](const Parent& test) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    const shmbus::base::BusName bus_name(name.name());
    const auto registry = shmbus::registry::Registry::find(bus_name, shmbus::platform::Access::read_write, {});
    {
      // Another thread may hold it in remove_topic at any moment.
      const auto held = shmbus::registry::lock_bus_name(*registry, shmbus::platform::Lock::exclusive);
      test::require(held.has_value(), "the name held");
      const pid_t child = ::fork();
      if (child == 0) {
        ::alarm(90);
        ::pause();
        ::_exit(0);
      }
      test.say(static_cast<std::uint64_t>(child));
      if (dies_holding) ::pause();
    }
    test::require(member.remove_topic("t"), "a topic removed beside the child");
    test.say();
    ::pause();
  }};
  const auto child = static_cast<pid_t>(parent.hear());
  if (!dies_holding) parent.hear();
  parent.kill();
  REQUIRE((child > 0 && ::kill(child, 0) == 0));
  CHECK_NOTHROW(shmbus::Bus::remove(name.name()));
  CHECK(bus.removed());
  CHECK(::kill(child, SIGKILL) == 0);
}

TEST_CASE("a program that a member started does not keep the member's node alive", "[fork]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  bus.topic("t", {.writers = shmbus::Writers::exclusive});
  ForkedProcess parent{[&](const Parent& test) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Publisher publisher = member.publisher("t");
    char sleep[] = "sleep", time[] = "60";
    char* const command[] = {sleep, time, nullptr};
    pid_t started = -1;
    test::require(::posix_spawnp(&started, "sleep", nullptr, nullptr, command, environ) == 0, "posix_spawn");
    // posix_spawn returns a moment before the new program has closed the descriptors that it must not inherit.
    const auto name_of = [](pid_t pid) {
      std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
      std::string text;
      std::getline(comm, text);
      return text;
    };
    test::wait_until("the program's start", [&] { return name_of(started) == "sleep"; });
    test.say(static_cast<std::uint64_t>(started));
    ::pause();
  }};
  const auto started = static_cast<pid_t>(parent.hear());
  CHECK_THROWS_AS(bus.publisher("t"), shmbus::Error);
  parent.kill();
  REQUIRE(::kill(started, 0) == 0);
  CHECK_NOTHROW(bus.publisher("t"));
  CHECK(bus.reap().nodes == 1);
  CHECK(::kill(started, SIGKILL) == 0);
}
