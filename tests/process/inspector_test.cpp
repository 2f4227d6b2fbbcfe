// The inspector shows a bus as it is, and does not disturb it.

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/time_limits.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::Event;
using shmbus::Inspector;
using test::ForkedProcess;
using test::Parent;

namespace {

std::string read_file(const char* path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("a snapshot shows the bus as it is", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name(), {.mode = 0640, .stall_limit = 2s});
  Inspector inspector{name.name()};
  auto typed = bus.publisher<std::uint64_t>("b.typed", {.block_size = 8192, .blocks = 4, .timestamps = false});
  shmbus::Publisher raw = bus.publisher("a.raw", {.writers = shmbus::Writers::exclusive, .mode = 0644});
  shmbus::Subscriber slow = bus.subscriber("b.typed", {.name = "slow"});
  shmbus::Subscriber quick = bus.subscriber("b.*", {.delivery = Delivery::reliable, .name = "quick"});
  for (std::uint64_t i = 0; i < 100; ++i) typed.publish(i);
  CHECK(slow.poll([](const Event&) {}, 30) == 30);
  CHECK(quick.poll([](const Event&) {}, 1000) == 100);

  const shmbus::BusSnapshot s = inspector.snapshot();
  CHECK(s.name == name.name());
  CHECK(s.incarnation == bus.incarnation());
  CHECK(s.mode == 0640);
  CHECK(s.stall_limit == 2s);
  CHECK(std::chrono::abs(std::chrono::system_clock::now() - s.created) < 60s);
  REQUIRE(s.nodes.size() == 1);
  CHECK(s.nodes[0].id == bus.node());
  CHECK(s.nodes[0].pid == ::getpid());
  CHECK(s.nodes[0].uid == ::geteuid());
  CHECK(s.nodes[0].program + "\n" == read_file("/proc/self/comm"));
  CHECK(s.nodes[0].alive);
  CHECK(s.subscriptions.size() == 2);

  REQUIRE(s.topics.size() == 2);
  const shmbus::TopicSnapshot& a = s.topics[0];
  CHECK(a.info.name == "a.raw");
  CHECK(a.info.writers == shmbus::Writers::exclusive);
  CHECK(a.info.mode == 0644);
  CHECK(a.published == 0);
  CHECK(a.oldest == 0);
  CHECK(a.publishers.size() == 1);
  CHECK(a.subscribers.empty());
  const shmbus::TopicSnapshot& b = s.topics[1];
  CHECK(b.info.name == "b.typed");
  CHECK(b.info.id == bus.find_topic("b.typed")->id);
  CHECK(b.info.block_size == 8192);
  CHECK(b.info.blocks == 4);
  CHECK(b.info.timestamps == false);
  CHECK(b.info.type_size == 8);
  CHECK(b.problem.empty());
  CHECK(b.published == 100);
  CHECK(b.oldest == 1);
  CHECK(b.memory == 8192);
  REQUIRE(b.publishers.size() == 1);
  CHECK(b.publishers[0].node == bus.node());
  CHECK(b.publishers[0].alive);
  CHECK_FALSE(b.publishers[0].claim_open);
  REQUIRE(b.subscribers.size() == 2);
  for (const auto& port : b.subscribers) {
    const bool is_slow = port.name == "slow";
    CHECK((is_slow || port.name == "quick"));
    CHECK(port.node == bus.node());
    CHECK(port.alive);
    CHECK(port.delivery == (is_slow ? Delivery::lossy : Delivery::reliable));
    CHECK(port.next_sequence == (is_slow ? 31 : 101));
    CHECK(port.lag == (is_slow ? 70 : 0));
    CHECK(port.delivered == (is_slow ? 30 : 100));
    CHECK(port.lost == 0);
    CHECK_FALSE(port.sleeping);
    CHECK_FALSE(port.gating);
  }
}

TEST_CASE("a snapshot shows losses, open claims, and which subscribers sleep or hold publishers back", "[inspector]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  Inspector inspector{name.name()};
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 4});
  shmbus::Subscriber lapped = bus.subscriber("t");
  for (std::uint64_t n = 1; n <= 5000; ++n) publisher.publish("0123456789012345");
  lapped.poll([](const Event&) {}, 1);
  auto topic = inspector.snapshot().topics.at(0);
  CHECK(topic.published == 5000);
  CHECK(topic.subscribers.at(0).lost == lapped.lost());
  CHECK(topic.subscribers.at(0).lost > 0);
  shmbus::Subscriber oldest = bus.subscriber("t", {.start = shmbus::Start::oldest()});
  oldest.poll([&](const Event& event) { CHECK(event.sequence() == topic.oldest); }, 1);

  {
    const shmbus::Loan loan = publisher.loan(10);
    CHECK(inspector.snapshot().topics.at(0).publishers.at(0).claim_open);
  }
  CHECK_FALSE(inspector.snapshot().topics.at(0).publishers.at(0).claim_open);

  ForkedProcess sleeper{[&](const Parent& parent) {
    shmbus::Bus member = shmbus::Bus::open(name.name());
    shmbus::Subscriber subscriber = member.subscriber("t", {.wait = shmbus::WaitStrategy::sleep(), .name = "sleeper"});
    parent.say();
    for (;;) subscriber.wait();
  }};
  sleeper.hear();
  const auto port = [&](const std::string& wanted) {
    const auto snapshot = inspector.snapshot();
    const auto& ports = snapshot.topics.at(0).subscribers;
    const auto found = std::find_if(ports.begin(), ports.end(), [&](const auto& p) { return p.name == wanted; });
    return found == ports.end() ? std::nullopt : std::optional(*found);
  };
  test::wait_until("the sleeper", [&] { return port("sleeper")->sleeping; });
  CHECK(port("sleeper")->alive);
  sleeper.kill();
  CHECK_FALSE(port("sleeper")->alive);
  const auto nodes = inspector.snapshot().nodes;
  CHECK(nodes.size() == 2);
  CHECK(std::count_if(nodes.begin(), nodes.end(), [](const auto& n) { return !n.alive; }) == 1);
  bus.reap();
  CHECK_FALSE(port("sleeper"));
  CHECK(inspector.snapshot().nodes.size() == 1);

  shmbus::Subscriber brake = bus.subscriber("t", {.delivery = Delivery::reliable, .name = "brake"});
  while (publisher.try_publish("0123456789012345")) {
  }
  CHECK(port("brake")->gating);
  while (brake.poll([](const Event&) {}) != 0) {
  }
  CHECK_FALSE(port("brake")->gating);
}

TEST_CASE("an inspector leaves nothing behind, adds no node, and holds no publisher back", "[inspector]") {
  const test::TemporaryBus name;
  const test::Segments segments{name.name()};
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  shmbus::Publisher publisher = bus.publisher("t", {.block_size = 4096, .blocks = 2});
  const auto files = segments.all();
  ForkedProcess onlooker{[&](const Parent& parent) {
    Inspector inspector{name.name()};
    parent.say();
    std::uint64_t last = 0;
    while (last < 200'000 / test::slowness) {
      const auto snapshot = inspector.snapshot();
      const auto& topic = snapshot.topics.at(0);
      test::require(snapshot.nodes.size() == 1, "another node");
      test::require(topic.problem.empty(), topic.problem);
      test::require(topic.published >= last && topic.oldest <= topic.published, "numbers that can't be");
      last = topic.published;
    }
  }};
  onlooker.hear();
  for (std::uint64_t n = 0; n < 200'000 / test::slowness; ++n) REQUIRE(publisher.try_publish("hello"));
  CHECK(onlooker.wait() == test::End{});
  CHECK(segments.all() == files);
  const auto again = bus.reap();
  CHECK(again.nodes + again.publishers + again.subscribers == 0);
}

TEST_CASE("an inspector of a bus that does not exist throws, and does not create the bus", "[inspector]") {
  const test::TemporaryBus name;
  test::expect_refusal({shmbus::ErrorCode::not_found, name.name()}, [&] { Inspector{name.name()}; });
  CHECK(test::Segments{name.name()}.all().empty());
  shmbus::Bus::open(name.name());
  const auto buses = Inspector::buses();
  CHECK(std::count(buses.begin(), buses.end(), name.name()) == 1);
}
