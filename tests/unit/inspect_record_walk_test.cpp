// The walk over a block's records without a pin, on state that is placed by hand.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "inspect/event_copy.hpp"
#include "inspect/record_walk.hpp"
#include "layout/extension_area.hpp"
#include "log/rotation.hpp"
#include "platform/segment_file.hpp"
#include "support/log_fixture.hpp"

using shmbus::detail::CopiedRecord;
using shmbus::detail::RecordWalk;
using shmbus::layout::RecordMeta;
using shmbus::log::Block;
using shmbus::platform::SegmentFile;
using Fill = RecordWalk::Fill;

namespace {

constexpr std::size_t all = ~std::size_t{0} / 2;

/// A log whose blocks are also in a file, as an inspector finds them.
struct Fixture : test::LogFixture {
  explicit Fixture(const test::LogOptions& options = {}) : LogFixture(options) { file.resize(memory.geometry().log_size); }

  /// Writes what the blocks hold now to the file.
  void save() {
    const std::uint32_t backed = log().backed();
    for (std::uint32_t p = 0; p < backed; ++p) {
      const auto size = static_cast<ssize_t>(log().block_size());
      REQUIRE(::pwrite(file.descriptor(), log().at(p, 0), log().block_size(), static_cast<off_t>(p) * size) == size);
    }
  }
  Block block(std::uint64_t number) {
    Block found;
    REQUIRE(log().find(number, found) == shmbus::log::FindResult::found);
    return found;
  }
  RecordWalk walk(std::uint64_t number) {
    const Block found = block(number);
    return {log(), found, 0, found.first_sequence};
  }
  Fill fill(RecordWalk& walk, std::size_t most = all, std::size_t max_payload = all) {
    save();
    return walk.fill(file, most, max_payload, log().block_size());
  }

  SegmentFile file = SegmentFile::unnamed("a test's log", 0600, "");
};

std::string text_of(const Fixture& f, const CopiedRecord& record) {
  const auto parts = record.parts(f.log());
  if (!parts) return "corrupt";
  return {reinterpret_cast<const char*>(parts->payload), parts->size};
}

using Texts = std::vector<std::string>;

/// The payloads of the piece, each with its sequence.
Texts texts(const Fixture& f, RecordWalk& walk) {
  Texts found;
  while (const CopiedRecord* record = walk.next())
    found.push_back(std::to_string(record->sequence) + " " + text_of(f, *record));
  return found;
}

}  // namespace

TEST_CASE("a walk copies the finished records of a block, whatever the size of a piece", "[inspect]") {
  test::LogOptions options;
  options.timestamps = GENERATE(true, false);
  options.alignment = GENERATE(8u, 64u);
  Fixture f(options);
  auto& publisher = f.publisher();
  Texts published;
  for (int i = 1; i <= 20; ++i) {
    const std::string text(static_cast<std::size_t>(i * 5 % 40), static_cast<char>('a' + i));
    publisher.publish(text);
    published.push_back(std::to_string(i) + " " + text);
  }
  const std::size_t most = GENERATE(std::size_t{1}, std::size_t{40}, std::size_t{100}, std::size_t{512}, all);
  RecordWalk walk = f.walk(1);
  Texts found;
  while (f.fill(walk, most) == Fill::copied) {
    for (std::string& text : texts(f, walk)) found.push_back(std::move(text));
  }
  CHECK(found == published);
  CHECK(walk.sequence() == 21);
  CHECK(walk.offset() == f.tail_offset());
  CHECK(f.fill(walk, most) == Fill::unfinished);
}

TEST_CASE("a walk stops at an open claim, and copies what is behind it once it is committed", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  auto& other = f.publisher();
  publisher.publish("first");
  const std::size_t place = f.tail_offset();
  auto claim = other.claim(100);
  other.writer->open_loan(claim);
  publisher.publish("behind it");
  RecordWalk walk = f.walk(1);
  REQUIRE(f.fill(walk) == Fill::copied);
  CHECK(texts(f, walk) == Texts{"1 first"});
  CHECK(f.fill(walk) == Fill::unfinished);
  CHECK(walk.offset() == place);
  if (GENERATE(true, false)) {
    std::memset(f.log().at(f.physical_of(1), place + f.log().record_header()), 'x', 100);
    other.writer->commit_loan(claim, 100);
    REQUIRE(f.fill(walk) == Fill::copied);
    CHECK(texts(f, walk) == Texts{"2 " + std::string(100, 'x'), "3 behind it"});
  } else {
    other.writer->abort_loan(claim);
    REQUIRE(f.fill(walk) == Fill::copied);
    CHECK(texts(f, walk) == Texts{"3 behind it"});
  }
}

TEST_CASE("a walk passes the padding that seals a block, and an aborted record larger than a piece", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  publisher.publish("first");
  auto claim = publisher.claim(1000);
  publisher.writer->open_loan(claim);
  publisher.writer->abort_loan(claim);
  publisher.publish("third");
  f.publish_to_block(publisher, 2);
  RecordWalk walk = f.walk(1);
  Texts found;
  Fill last;
  while ((last = f.fill(walk, 64, 0)) == Fill::copied) {
    while (const CopiedRecord* record = walk.next()) found.push_back(std::to_string(record->sequence));
  }
  CHECK(last == Fill::block_end);
  REQUIRE(found.size() >= 2);
  CHECK(found[0] == "1");
  CHECK(found[1] == "3");
  CHECK(walk.sequence() == f.block(2).first_sequence);
}

TEST_CASE("of a record larger than a piece, a walk copies no more of the payload than is wanted", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  const shmbus::EventHeader headers[] = {{"name", "value"}};
  std::string payload(2000, 'x');
  payload[9] = 'y';
  publisher.publish(payload, {.trace = nullptr, .headers = headers});
  publisher.publish("small");
  RecordWalk walk = f.walk(1);
  REQUIRE(f.fill(walk, 64, 10) == Fill::copied);
  const CopiedRecord* record = walk.next();
  REQUIRE(record != nullptr);
  CHECK(record->bytes.size() < 200);
  const auto parts = record->parts(f.log());
  REQUIRE(parts);
  CHECK(parts->size == 2000);
  CHECK(std::memcmp(parts->payload, payload.data(), 10) == 0);
  CHECK(walk.next() == nullptr);
  REQUIRE(f.fill(walk, 64, 10) == Fill::copied);
  CHECK(texts(f, walk) == Texts{"2 small"});
}

TEST_CASE("a trimmed record has its length, also where its end is not copied with it", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  auto claim = publisher.claim(1000);
  publisher.writer->open_loan(claim);
  std::memcpy(f.log().at(f.physical_of(1), f.log().record_header()), "trimmed", 7);
  publisher.writer->commit_loan(claim, 7);
  RecordWalk walk = f.walk(1);
  REQUIRE(f.fill(walk, GENERATE(std::size_t{64}, all)) == Fill::copied);
  CHECK(texts(f, walk) == Texts{"1 trimmed"});
}

TEST_CASE("a walk finds that its block has left the ring, and drops the piece", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  publisher.publish("first");
  RecordWalk walk = f.walk(1);
  RecordWalk before = f.walk(1);
  REQUIRE(f.fill(before) == Fill::copied);
  f.publish_to_block(publisher, 1 + f.log().blocks());
  CHECK(f.fill(walk) == Fill::gone);
  CHECK(walk.next() == nullptr);
  CHECK(texts(f, before) == Texts{"1 first"});  // what was copied in time is whole
  CHECK(f.fill(before) == Fill::gone);
}

TEST_CASE("a finished record whose size can't be is corrupt", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  publisher.publish("first");
  const std::size_t place = f.tail_offset();
  publisher.publish("second");
  const std::uint32_t size = GENERATE(0u, 8u, 20u, 4080u, 5000u, ~0u);
  f.record(1, place).meta = RecordMeta{size, 0, 0}.word();
  RecordWalk walk = f.walk(1);
  REQUIRE(f.fill(walk) == Fill::copied);
  CHECK(texts(f, walk) == Texts{"1 first"});
  CHECK(f.fill(walk) == Fill::corrupt);
  CHECK(walk.sequence() == 2);
}

TEST_CASE("padding that does not reach to the block's end is corrupt", "[inspect]") {
  Fixture f;
  f.publisher().publish("first");
  f.record(1, 0).meta = RecordMeta{64, 0, shmbus::layout::kPadding}.word();
  RecordWalk walk = f.walk(1);
  CHECK(f.fill(walk) == Fill::corrupt);
}

TEST_CASE("parts that do not fit into their record are corrupt, as for a subscriber", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  publisher.publish("payload", {.key = "key"});
  std::byte* area = f.log().at(f.physical_of(1), f.log().record_header());
  const std::uint32_t size = GENERATE(0u, 4u, 12u, 64u, ~7u);
  std::memcpy(area, &size, sizeof size);
  RecordWalk walk = f.walk(1);
  REQUIRE(f.fill(walk) == Fill::copied);
  CHECK(texts(f, walk) == Texts{"1 corrupt"});
  auto& subscriber = f.subscriber();
  CHECK(subscriber.poll().empty());
  CHECK(subscriber.status() == shmbus::Status::corrupt);
}

TEST_CASE("a copied event has all that its record has, and nothing of the event before", "[inspect]") {
  Fixture f;
  auto& publisher = f.publisher();
  const shmbus::EventHeader headers[] = {{"name", "value"}, {"name", ""}};
  const auto trace = shmbus::TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  const shmbus::EventId cause{1, 2, 3};
  publisher.publish("payload", {.trace = &*trace, .headers = headers, .key = "key", .cause = &cause});
  publisher.publish("plain");
  RecordWalk walk = f.walk(1);
  REQUIRE(f.fill(walk) == Fill::copied);
  shmbus::EventSnapshot event;
  const auto copy = [&](std::size_t most) {
    const CopiedRecord* record = walk.next();
    REQUIRE(record != nullptr);
    shmbus::detail::copy_event({"some.topic", 7, 8}, record->parts(f.log()).value(), shmbus::Time{}, most, event);
  };
  copy(3);
  CHECK(event.topic == "some.topic");
  CHECK(event.id == shmbus::EventId{7, 8, 1});
  CHECK(event.size == 7);
  CHECK(event.payload.size() == 3);
  REQUIRE(event.headers.size() == 2);
  CHECK(event.headers[0].value == "value");
  CHECK(event.headers[1].value.empty());
  CHECK(event.key == "key");
  CHECK(event.trace == trace);
  CHECK(event.cause == cause);
  copy(all);
  CHECK(event.id.sequence == 2);
  CHECK(event.payload.size() == 5);
  CHECK(event.headers.empty());
  CHECK(event.key.empty());
  CHECK_FALSE(event.trace);
  CHECK_FALSE(event.cause);
}

TEST_CASE("a walk in a file that was cut short says so", "[inspect]") {
  Fixture f;
  f.publisher().publish("first");
  RecordWalk walk = f.walk(1);
  f.save();
  f.file.resize(10);
  CHECK(walk.fill(f.file, all, all, f.log().block_size()) == Fill::cut_short);
}
