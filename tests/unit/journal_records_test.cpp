// The records in a frame's body.

#include "journal/records.hpp"

#include <catch2/catch.hpp>

#include "layout/extension_area.hpp"
#include "shmbus/detail/record_words.hpp"
#include "support/journal_frames.hpp"

using namespace shmbus;
using namespace shmbus::journal;

namespace {

/// A body that a test fills by hand.
struct Body {
  Description description = test::journal_description();
  std::vector<std::byte> bytes{};

  /// Adds a record of so many bytes, and returns its offset.
  std::size_t add(std::uint64_t sequence, std::uint32_t size, std::uint16_t flags = 0) {
    const std::size_t at = bytes.size();
    const std::size_t stride = (size + description.alignment - 1) & ~std::size_t{description.alignment - 1};
    bytes.resize(at + stride);
    put(at, sequence);
    put(at + 8, layout::RecordMeta{size, 3, flags}.word());
    put(at + 16, std::int64_t{77});
    return at;
  }
  template <class T>
  void put(std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }
  bool valid(std::uint32_t events, std::uint64_t first, std::uint64_t last) const {
    FrameHeader header{};
    header.events = events;
    header.first = first;
    header.numbers = last - first + 1;
    header.flags = kEventsFrame;
    return records_are_valid(bytes, header, description);
  }
};

}  // namespace

TEST_CASE("a walk gives each record's number, time, port and payload", "[journal]") {
  Body body;
  body.add(5, 24 + 3);
  body.add(9, 24);
  RecordWalk walk(body.bytes, body.description);
  StoredRecord record;
  REQUIRE(walk.next(record));
  CHECK(record.sequence == 5);
  CHECK(record.time == 77);
  CHECK(record.port == 3);
  CHECK(record.payload.size() == 3);
  CHECK(record.payload.data() == body.bytes.data() + 24);
  REQUIRE(walk.next(record));
  CHECK(record.sequence == 9);
  CHECK(record.payload.empty());
  CHECK_FALSE(walk.next(record));
  CHECK(walk.valid());
  CHECK(body.valid(2, 5, 9));
}

TEST_CASE("the payload stands behind the extension area, at the alignment", "[journal]") {
  Body body;
  body.description.alignment = 64;
  body.description.record_header = 64;
  const std::size_t at = body.add(1, 64 + 64 + 10, layout::kExtended);
  body.put(at + 64, layout::ExtensionAreaHead{24, 0});
  RecordWalk walk(body.bytes, body.description);
  StoredRecord record;
  REQUIRE(walk.next(record));
  CHECK(record.extensions.size() == 24);
  CHECK(record.extensions.data() == body.bytes.data() + 64);
  CHECK(record.payload.data() == body.bytes.data() + 128);
  CHECK(record.payload.size() == 10);
}

TEST_CASE("a trimmed record says its payload's length in its last eight bytes", "[journal]") {
  Body body;
  const std::size_t at = body.add(1, 24 + 40, layout::kTrimmed);
  body.put(at + 56, std::uint64_t{5});
  RecordWalk walk(body.bytes, body.description);
  StoredRecord record;
  REQUIRE(walk.next(record));
  CHECK(record.payload.size() == 5);
  body.put(at + 56, std::uint64_t{41});
  CHECK_FALSE(body.valid(1, 1, 1));
}

TEST_CASE("a record that does not fit makes its frame invalid", "[journal]") {
  const auto good = [] {
    Body body;
    body.add(1, 40);
    body.add(2, 40);
    return body;
  };
  CHECK(good().valid(2, 1, 2));
  CHECK_FALSE(good().valid(1, 1, 1));  // more records than the header says
  CHECK_FALSE(good().valid(3, 1, 2));  // fewer
  CHECK_FALSE(good().valid(2, 0, 2));  // another first number
  CHECK_FALSE(good().valid(2, 1, 3));  // another last number
  const auto changed = [&](auto change) {
    Body body = good();
    change(body);
    return body.valid(2, 1, 2);
  };
  CHECK_FALSE(changed([](Body& b) { b.put(40, std::uint64_t{1}); }));                      // does not rise
  CHECK_FALSE(changed([](Body& b) { b.put(48, layout::RecordMeta{48, 0, 0}.word()); }));   // beyond the body
  CHECK_FALSE(changed([](Body& b) { b.put(48, layout::RecordMeta{~0u, 0, 0}.word()); }));  // far beyond it
  CHECK_FALSE(changed([](Body& b) { b.put(48, layout::RecordMeta{23, 0, 0}.word()); }));   // no header
  CHECK_FALSE(changed([](Body& b) { b.put(48, layout::RecordMeta{32, 0, 0}.word()); }));   // bytes left over
  CHECK_FALSE(changed([](Body& b) { b.put(48, layout::RecordMeta{40, 0, layout::kPadding}.word()); }));  // no event
  CHECK_FALSE(changed([](Body& b) { b.bytes.resize(56); }));                                             // cut short
  const auto extended = [&](std::uint32_t area) {
    Body body = good();
    body.put(48, layout::RecordMeta{40, 0, layout::kExtended}.word());
    body.put(64, layout::ExtensionAreaHead{area, 0});
    return body.valid(2, 1, 2);
  };
  CHECK(extended(8));
  CHECK(extended(16));
  CHECK_FALSE(extended(24));  // beyond the record
  CHECK_FALSE(extended(12));
  CHECK_FALSE(extended(0));
}
