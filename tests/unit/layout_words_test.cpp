// The words of shared memory, over the whole range of block sizes.

#include <catch2/catch.hpp>

#include <cstdint>
#include <random>

#include "layout/geometry.hpp"
#include "layout/ring_entry.hpp"
#include "layout/shared_text.hpp"
#include "layout/tail.hpp"
#include "layout/claim_word.hpp"
#include "shmbus/detail/record_words.hpp"

using namespace shmbus::layout;

namespace {

/// All block sizes, as powers of two.
auto block_sizes() {
  return Catch::Generators::map<std::size_t>([](int bits) { return std::size_t{1} << bits; },
                                             Catch::Generators::range(12, 27));
}

}  // namespace

TEST_CASE("a tail holds block number, offset and count of any block size", "[layout]") {
  const auto size = GENERATE(block_sizes());
  const TailFormat format(size);
  REQUIRE(size >= kMinBlockSize);
  REQUIRE(size <= kMaxBlockSize);
  std::mt19937_64 random(Catch::rngSeed() + size);
  std::uint64_t wrong = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = random() >> (random() % 64);
    const std::size_t offset = i < 10 ? size : random() % (size / 8 + 1) * 8;
    const std::uint64_t count = i < 20 ? size / 16 : random() % (size / 16 + 1);
    const std::uint64_t tail = format.make(number, offset, count);
    wrong += format.block(tail) != format.low(number) || format.offset(tail) != offset || format.count(tail) != count;
    const std::size_t stride = std::min<std::size_t>(random() % 64 * 8 + 16, size - offset);
    if (count < size / 16) wrong += format.after(tail, stride) != format.make(number, offset + stride, count + 1);
  }
  CHECK(wrong == 0);
}

TEST_CASE("a tail's block number identifies each slot of the largest ring", "[layout]") {
  const auto size = GENERATE(block_sizes());
  const TailFormat format(size);
  CHECK(format.low(kMaxBlocks) == kMaxBlocks);  // the low bits name the slot, and one lap more
  CHECK(format.low(kMaxBlocks - 1) == kMaxBlocks - 1);
}

TEST_CASE("no tail equals the word for none", "[layout]") {
  const auto size = GENERATE(block_sizes());
  const TailFormat format(size);
  CHECK(format.make(~std::uint64_t{0}, size, size / 16) != kNone);
}

TEST_CASE("a full block of smallest records overflows no field", "[layout]") {
  const auto size = GENERATE(block_sizes());
  const TailFormat format(size);
  std::uint64_t tail = format.make(7, 0, 0);
  for (std::size_t i = 0; i < size / kMinRecord; ++i) tail = format.after(tail, kMinRecord);
  CHECK(tail == format.make(7, size, size / kMinRecord));
}

TEST_CASE("a ring entry holds number and physical block", "[layout]") {
  const auto number = GENERATE(as<std::uint64_t>{}, 0, 1, 65535, 1ull << 43, (1ull << 44) - 1, 1ull << 44, ~0ull);
  const auto physical = GENERATE(as<std::uint32_t>{}, 0, 1, 65536 + kSpareBlocks - 1, RingEntry::kNoBlock);
  const RingEntry e(number, physical);
  CHECK(e.holds(number));
  CHECK_FALSE(e.holds(number + 1));
  CHECK_FALSE(e.holds(number - 1));
  CHECK(e.physical() == physical);
  CHECK(e.linked() == (physical != RingEntry::kNoBlock));
  CHECK(RingEntry(e.word()).word() == e.word());
  CHECK(e.ahead_of(number - 5) == 5);
  CHECK(e.older_than(number + 1));
  CHECK_FALSE(e.older_than(number));
  CHECK_FALSE(e.older_than(number - 1));
}

TEST_CASE("every physical block of the largest ring has a number of its own", "[layout]") {
  CHECK(kMaxBlocks + kSpareBlocks < RingEntry::kNoBlock);
}

TEST_CASE("a claim word holds size, padding and physical block of any block size", "[layout]") {
  const auto size = GENERATE(block_sizes());
  const TailFormat format(size);
  const auto padding = GENERATE(false, true);
  const auto physical = GENERATE(as<std::uint32_t>{}, 0, 1, kMaxBlocks + kSpareBlocks - 1, RingEntry::kNoBlock);
  for (const std::size_t stride : {std::size_t{16}, std::size_t{24}, size / 2, size - 16, size}) {
    const std::uint64_t tail = format.make(123'456'789, size - stride, 3);
    const ClaimWord claim(tail, physical, padding, stride);
    REQUIRE(claim.stride() == stride);
    REQUIRE(claim.padding() == padding);
    REQUIRE(claim.physical() == physical);
    REQUIRE(claim.belongs_to(tail));
    REQUIRE_FALSE(claim.belongs_to(format.after(tail, 16)));
    REQUIRE(ClaimWord(claim.word()).stride() == stride);
    REQUIRE(claim.events() == (padding ? 0 : 1));
    for (const unsigned events : {2u, 100u, ClaimWord::kMaxEvents}) {
      const ClaimWord batch = ClaimWord(0, physical, false, 0).at(tail, stride, events);
      REQUIRE(batch.word() == ClaimWord(tail, physical, false, stride, events).word());
      REQUIRE(batch.events() == events);
      REQUIRE(batch.stride() == stride);
      REQUIRE(batch.physical() == physical);
      REQUIRE(batch.belongs_to(tail));
    }
  }
}

TEST_CASE("size, port and flags of a record are one word", "[layout]") {
  const RecordMeta meta{0xfffffff8, 63, kPadding | kTrimmed};
  const auto same = RecordMeta::from(meta.word());
  CHECK(same.size == 0xfffffff8);
  CHECK(same.port == 63);
  CHECK(same.flags == (kPadding | kTrimmed));
  CHECK(meta.word() == 0x0005'003f'ffff'fff8);
}

TEST_CASE("the parts of a geometry follow each other without overlap", "[layout]") {
  const auto size = GENERATE(block_sizes());
  const auto blocks = GENERATE(as<std::uint32_t>{}, 2, 4, 512, 65536);
  const auto timestamps = GENERATE(false, true);
  const auto alignment = GENERATE(as<std::uint32_t>{}, 1, 4, 8, 16, 32, 64, 128, 256);
  const Geometry g = Geometry::of(size, blocks, timestamps, alignment);
  REQUIRE(g.alignment == std::max(8u, alignment));
  REQUIRE(g.record_header >= 16u + (timestamps ? 8u : 0u));
  REQUIRE(g.record_header % g.alignment == 0);
  REQUIRE(g.physical_blocks == blocks + kSpareBlocks);
  REQUIRE(g.block_table_offset >= sizeof(TopicHeader) + std::uint64_t{blocks} * 8);
  REQUIRE(g.block_table_offset % kPage == 0);
  REQUIRE(g.latency_offset >= g.block_table_offset + g.physical_blocks * sizeof(BlockEntry));
  REQUIRE(g.latency_offset % kPage == 0);
  REQUIRE(g.control_size == g.latency_offset + kMaxSubscribers * sizeof(LatencyHistogram));
  REQUIRE(g.log_size == g.physical_blocks * size);
  // The largest payload's record and the padding after it fill a block, and one byte more would not fit.
  const auto stride = [&](std::uint64_t payload) {
    return (g.record_header + payload + g.alignment - 1) / g.alignment * g.alignment;
  };
  REQUIRE(stride(g.max_payload) + kMinRecord <= size);
  REQUIRE(stride(g.max_payload + 1) + kMinRecord > size);
}

TEST_CASE("a shared text is cut at the end of its room", "[layout]") {
  SharedText<16> text{};
  text.store("short");
  CHECK(text.load() == "short");
  text.store("exactly15chars!");
  CHECK(text.load() == "exactly15chars!");
  text.store("more than sixteen characters");
  CHECK(text.load() == "more than sixte");
  text.store({});
  CHECK(text.load().empty());
  for (auto& word : text.words) word.store(0x4141414141414141);  // no zero at its end
  CHECK(text.load() == std::string(16, 'A'));
}
