// The inspector on a bus that is removed, created anew or damaged: each gives one clear message, and no crash.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <vector>

#include "layout/registry.hpp"
#include "layout/topic.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/time_limits.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using shmbus::ErrorCode;
using shmbus::Inspector;
using shmbus::layout::TopicHeader;

namespace {

struct Fixture {
  shmbus::Bus open() const {
    shmbus::Bus bus = shmbus::Bus::open(name.name());
    for (const char* topic : {"t", "u"}) {
      shmbus::Publisher publisher = bus.publisher(topic, {.block_size = 4096, .blocks = 4});
      for (int i = 0; i < 10; ++i) publisher.publish("ten events");
    }
    return bus;
  }

  test::TemporaryBus name;
  test::Segments segments{name.name()};
};

}  // namespace

TEST_CASE("an inspector reports that its bus was removed, and a new inspector sees the new bus", "[inspector]") {
  const Fixture f;
  std::uint64_t incarnation = 0;
  {
    shmbus::Bus bus = f.open();
    incarnation = bus.incarnation();
  }
  Inspector inspector{f.name.name()};
  CHECK_FALSE(inspector.snapshot().removed);
  CHECK(inspector.snapshot().topics.size() == 2);
  shmbus::Bus::remove(f.name.name());
  CHECK(inspector.snapshot().removed);
  CHECK(inspector.snapshot().topics.empty());
  shmbus::Bus bus = f.open();
  CHECK(inspector.snapshot().removed);
  CHECK(inspector.snapshot().incarnation == incarnation);
  Inspector again{f.name.name()};
  CHECK_FALSE(again.snapshot().removed);
  CHECK(again.snapshot().incarnation == bus.incarnation());
  CHECK(again.snapshot().topics.size() == 2);
}

TEST_CASE("an inspector follows a topic that is removed and created anew", "[inspector]") {
  const Fixture f;
  shmbus::Bus bus = f.open();
  Inspector inspector{f.name.name()};
  CHECK(inspector.snapshot().topics.at(0).published == 10);
  bus.remove_topic("t");
  CHECK(inspector.snapshot().topics.size() == 1);
  bus.publisher("t").publish("new");
  const auto snapshot = inspector.snapshot();
  REQUIRE(snapshot.topics.size() == 2);
  CHECK(snapshot.topics[0].published == 1);
}

TEST_CASE("a registry that was cut short is refused with a message, also by an inspector that has it open",
          "[inspector]") {
  const Fixture f;
  { shmbus::Bus bus = f.open(); }
  Inspector inspector{f.name.name()};
  CHECK(inspector.snapshot().topics.size() == 2);
  std::filesystem::resize_file(f.segments.registry(), 4096);
  const test::Refusal refusal{ErrorCode::corrupt, f.name.name(), "bytes", "4096 bytes"};
  test::expect_refusal(refusal, [&] { inspector.snapshot(); });
  test::expect_refusal(refusal, [&] { inspector.ring("t"); });
  test::expect_refusal(refusal, [&] { Inspector{f.name.name()}; });
}

TEST_CASE("a snapshot says why a topic can't be read, and shows the others", "[inspector]") {
  const Fixture f;
  { shmbus::Bus bus = f.open(); }
  Inspector before{f.name.name()};
  CHECK(before.snapshot().topics.size() == 2);
  std::string phrase;
  const int how = GENERATE(0, 1, 2, 3, 4);
  switch (how) {
    case 0:
      std::filesystem::resize_file(f.segments.control("t"), 4096);
      phrase = "4096 bytes";
      break;
    case 1:
      std::filesystem::resize_file(f.segments.control("t"), 40960);
      phrase = "40960 bytes";
      break;
    case 2:
      test::overwrite(f.segments.control("t"), offsetof(TopicHeader, version), std::uint32_t{1});
      phrase = "version 1";
      break;
    case 3:
      test::overwrite(f.segments.control("t"), offsetof(TopicHeader, magic), std::uint64_t{1});
      phrase = "other bytes";
      break;
    default:
      test::overwrite(f.segments.control("t"), offsetof(TopicHeader, words.tail), ~std::uint64_t{0} / 3);
      phrase = "its tail and ring do not fit each other";
  }
  // The header was checked when it was mapped. The size is checked at each snapshot.
  std::vector<Inspector> inspectors;
  inspectors.emplace_back(f.name.name());
  if (how != 2 && how != 3) inspectors.push_back(std::move(before));
  for (Inspector& inspector : inspectors) {
    const auto snapshot = inspector.snapshot();
    REQUIRE(snapshot.topics.size() == 2);
    CHECK_THAT(snapshot.topics[0].problem, Catch::Contains("topic 't'"));
    CHECK_THAT(snapshot.topics[0].problem, Catch::Contains(phrase));
    CHECK(snapshot.topics[0].problem.find('\n') == std::string::npos);
    CHECK(snapshot.topics[1].problem.empty());
    CHECK(snapshot.topics[1].published == 10);
  }
}

TEST_CASE("a topic whose creator stopped half-way is shown as unfinished", "[inspector]") {
  const Fixture f;
  shmbus::Bus bus = f.open();
  // As a creator leaves it between announcing the topic and creating its segments.
  shmbus::layout::TopicEntry entry{};
  entry.state = shmbus::layout::topic_state(shmbus::layout::TopicPhase::creating, bus.node(), 7);
  entry.id = 4711;
  entry.name.store("half.built");
  test::overwrite(f.segments.registry(),
                  offsetof(shmbus::layout::RegistryHeader, topic_table) + 2 * sizeof(shmbus::layout::TopicEntry),
                  entry);
  const auto snapshot = Inspector{f.name.name()}.snapshot();
  CHECK(snapshot.topics.size() == 2);
  REQUIRE(snapshot.unfinished.size() == 1);
  CHECK(snapshot.unfinished[0].name == "half.built");
  CHECK(snapshot.unfinished[0].creator == bus.node());
  CHECK(snapshot.unfinished[0].creator_state == shmbus::NodeState::alive);
}

TEST_CASE("an inspector survives any bytes in ports, ring and histograms", "[inspector]") {
  const Fixture f;
  shmbus::Bus bus = f.open();
  shmbus::Subscriber s = bus.subscriber("t", {.start = shmbus::Start::oldest()});
  s.poll([](const shmbus::Event&) {}, 3);
  Inspector inspector{f.name.name()};
  std::mt19937_64 random{std::random_device{}()};
  const std::string path = f.segments.control("t");
  const auto end = std::filesystem::file_size(path) / 8;
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t word = 1024 / 8 + random() % (i % 2 == 0 ? (36864 + 64) / 8 - 128 : end - 128);
    const std::uint64_t value = random() >> random() % 64;
    test::overwrite(path, word * 8, i % 3 == 0 ? ~value : value);
    const auto snapshot = inspector.snapshot();
    REQUIRE(snapshot.topics.size() >= 1);  // the bytes may mark the topic as removed
    for (const auto& port : snapshot.topics[0].subscribers) REQUIRE(port.latency.percentile(99).count() >= 0);
    try {
      inspector.ring("t");
    } catch (const shmbus::Error&) {
    }
  }
}

TEST_CASE("reading events survives whatever was scribbled over a topic and its log", "[inspector][event_reader]") {
  const Fixture f;
  { shmbus::Bus bus = f.open(); }
  std::mt19937_64 random{std::random_device{}()};
  const std::string control = f.segments.control("t"), log = f.segments.log("t");
  for (int i = 0; i < 500; ++i) {
    const bool in_log = i % 2 == 0;
    // The log's first block; the tail, the ring and the block table.
    const std::uint64_t place = in_log ? random() % 40 * 8 : random() % 2 == 0 ? 1024 : 36864 + random() % 600 * 8;
    const std::uint64_t value = random() >> random() % 64;
    test::overwrite(in_log ? log : control, place, i % 3 == 0 ? ~value : value);
    const auto start = i % 5 == 0 ? shmbus::Start::last(3) : shmbus::Start::oldest();
    shmbus::EventReader reader = Inspector{f.name.name()}.read(">", start, {.retained_only = i % 7 != 0});
    std::size_t read = 0;
    bool other = false;
    while (const shmbus::EventSnapshot* event = reader.next()) {
      other = other || event->topic == "u";
      if (++read == 1000) break;  // what the tail says may be any number
    }
    REQUIRE(other);
    for (const shmbus::TopicProblem& problem : reader.problems()) {
      REQUIRE(problem.topic == "t");
      REQUIRE_FALSE(problem.reason.empty());
    }
  }
}
