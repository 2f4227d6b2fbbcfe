// Many events in one claim: what is published.

#include <catch2/catch.hpp>

#include "support/batches.hpp"

using namespace test;
using shmbus::Status;
using shmbus::detail::Payloads;
using shmbus::layout::ClaimWord;
using shmbus::log::Batch;
using shmbus::log::kNone;

TEST_CASE("a batch is published in order, each event with its sequence", "[log][batch]") {
  const bool exclusive = GENERATE(false, true);
  const bool timestamps = GENERATE(false, true);
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 64);
  LogFixture f({.timestamps = timestamps, .alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish("before");
  const auto outcome = publish_all(p, {"one", "", std::string(100, '3'), "four"});
  CHECK(outcome.status == Status::ok);
  CHECK(outcome.published == 4);
  CHECK(outcome.first == 2);
  CHECK(outcome.sequences == from_to(2, 5));
  CHECK(p.publish("after").sequence() == 6);
  const auto seen = s.drain();
  REQUIRE(seen.size() == 6);
  CHECK(seen[1].payload == "one");
  CHECK(seen[2].payload.empty());
  CHECK(seen[3].payload == std::string(100, '3'));
  CHECK(seen[4].payload == "four");
  CHECK(seen[5].payload == "after");
  for (std::size_t i = 0; i < 6; ++i) CHECK(seen[i].sequence == i + 1);
  CHECK(seen[1].stamp == seen[4].stamp);
  CHECK(f.log().publisher(p.port).words.where.load() == kNone);
}

TEST_CASE("an array of values of one size is a batch, too", "[log][batch]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  const std::uint32_t values[] = {0x61616161, 0x62626262, 0x63636363};
  Batch batch{Payloads(values, sizeof values[0], 3)};
  CHECK(p.writer->publish_all(batch) == Status::ok);
  const auto seen = s.drain();
  REQUIRE(seen.size() == 3);
  CHECK(seen[2].payload == "cccc");
}

TEST_CASE("an empty batch publishes nothing", "[log][batch]") {
  LogFixture f;
  auto& p = f.publisher();
  const std::uint64_t before = f.log().tail().load();
  CHECK(publish_all(p, {}).status == Status::ok);
  CHECK(publish_all(p, {}).first == 0);
  CHECK(f.log().tail().load() == before);
}

TEST_CASE("a batch that does not fit into a block is split, and fills each block", "[log][batch]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.blocks = 16, .exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 300; ++i) texts.emplace_back(i * 7 % 200, static_cast<char>('a' + i % 26));
  const auto outcome = publish_all(p, texts);
  CHECK(outcome.status == Status::ok);
  CHECK(outcome.sequences == from_to(1, 300));
  const auto seen = s.drain();
  REQUIRE(seen.size() == 300);
  for (std::size_t i = 0; i < 300; ++i) REQUIRE(seen[i].payload == texts[i]);
  CHECK(f.tail_block() == (300 * 100 + 300 * 28) / 4096 + 1);
  CHECK(s.lost() == 0);
}

TEST_CASE("one claim covers at most 256 events, and 64 KiB", "[log][batch]") {
  LogFixture f({.block_size = 1 << 20, .blocks = 2});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  CHECK(publish_all(p, texts_of(1000)).published == 1000);
  CHECK(publish_all(p, texts_of(100, 5000)).published == 100);
  CHECK(s.drain_sequences() == from_to(1, 1100));
  CHECK(ClaimWord(f.log().publisher(p.port).words.what.load()).events() <= 256);
  CHECK(ClaimWord(f.log().publisher(p.port).words.what.load()).stride() <= 65536);
}

TEST_CASE("a batch stops before an event that is too large", "[log][batch]") {
  const bool exclusive = GENERATE(false, true);
  const std::size_t place = GENERATE(0, 1, 2, 3);
  LogFixture f({.exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber();
  auto texts = texts_of(4);
  texts[place].resize(f.log().max_payload() + 1);
  const auto outcome = publish_all(p, texts);
  CHECK(outcome.status == Status::too_large);
  CHECK(outcome.published == place);
  CHECK(outcome.first == (place == 0 ? 0 : 1));
  CHECK(s.drain().size() == place);
}

TEST_CASE("what was published of a batch before back-pressure stays published, and the batch can go on",
          "[log][batch][gating]") {
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.blocks = 2, .exclusive = exclusive});
  auto& p = f.publisher();
  auto& s = f.subscriber({.reliable = true});
  const auto texts = texts_of(1000);
  const auto held = publish_all(p, texts);
  CHECK(held.status == Status::back_pressured);
  CHECK(held.published > 200);
  CHECK(held.published < 300);
  auto seen = s.drain_sequences();
  CHECK(seen == from_to(1, held.published));
  const auto more = publish_all(p, texts, held.published);
  CHECK(more.status == Status::back_pressured);
  CHECK(more.published > held.published);
  CHECK(more.sequences[held.published] == held.published + 1);
  CHECK(s.drain_sequences() == from_to(held.published + 1, more.published));
}

TEST_CASE("a batch is refused while a loan is open, or when the topic is removed", "[log][batch]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("event");
  SECTION("a loan is open") {
    p.writer->open_loan(p.claim(8));
    CHECK(publish_all(p, texts_of(3)).status == Status::loan_open);
  }
  SECTION("the topic is removed") {
    f.header().words.attention.fetch_or(shmbus::layout::kTopicRemoved);
    CHECK(publish_all(p, texts_of(3)).status == Status::closed);
  }
  CHECK(publish_all(p, texts_of(3)).published == 0);
}

TEST_CASE("the events and bytes of a batch are counted", "[log][batch]") {
  LogFixture f;
  auto& p = f.publisher();
  p.publish("event");
  const auto& port = f.log().publisher(p.port);
  const std::uint64_t events = port.words.published.load(), bytes = port.words.bytes.load();
  publish_all(p, {"four", "sixsix", ""});
  CHECK(port.words.published.load() == events + 3);
  CHECK(port.words.bytes.load() == bytes + 10);
}

TEST_CASE("a batch wakes a sleeping reader once for each claim", "[log][batch]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  p.publish("event");
  f.header().words.waiters.fetch_or(std::uint64_t{1} << s.port);
  f.world.take_rings();
  publish_all(p, texts_of(5));
  CHECK(f.world.take_rings().size() == 1);
}
