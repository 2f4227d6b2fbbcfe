// The file of a cursor: what a crash, a power failure or a stranger may leave of it, and what is made of that.

#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

#include "durable/cursor_file.hpp"
#include "durable/handled_prefix.hpp"
#include "layout/cursor.hpp"
#include "platform/random.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"

using shmbus::ErrorCode;
using shmbus::durable::CursorFile;
using shmbus::durable::CursorOwner;
using shmbus::platform::Access;

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

constexpr std::uint64_t kBus = 11, kTopic = 22;

/// A cursor in a file that no other test has.
class Place {
 public:
  Place()
      : place_(shmbus::platform::shared_memory_place(
            "shmbus-test-cursor-" + std::to_string(shmbus::platform::random_u64()), "the cursor")) {}
  ~Place() { std::filesystem::remove(path()); }

  std::string path() const { return "/dev/shm/" + place_.file; }
  CursorFile create(std::uint64_t acknowledged) const {
    auto made = CursorFile::create(place_, owner(), acknowledged, 0600, std::nullopt);
    if (!made) throw std::runtime_error("the cursor exists");
    return std::move(*made);
  }
  std::optional<CursorFile> open(Access access = Access::read_write) const { return open(owner(), access); }
  std::optional<CursorFile> open(const CursorOwner& owner, Access access = Access::read_write) const {
    return CursorFile::open(place_, owner, access, {});
  }
  std::uint64_t position() const { return open(Access::read_only).value().acknowledged(); }
  static CursorOwner owner() {
    return {kBus, kTopic, shmbus::base::DurableName("billing"), shmbus::base::TopicName("orders.created")};
  }
  const shmbus::platform::FilePlace& place() const { return place_; }

 private:
  shmbus::platform::FilePlace place_;
};

}  // namespace

TEST_CASE("a cursor is read as it was written, by whoever opens it next", "[durable]") {
  const Place place;
  CHECK_FALSE(place.open());
  {
    CursorFile cursor = place.create(7);
    CHECK(cursor.acknowledged() == 7);
    CHECK_FALSE(CursorFile::create(place.place(), Place::owner(), 9, 0600, std::nullopt));
  }
  CHECK(place.position() == 7);
  for (const std::uint64_t sequence : {8u, 9u, 20u, 21u}) {
    auto cursor = place.open().value();
    cursor.acknowledge(sequence);
    CHECK(place.position() == sequence);
  }
}

TEST_CASE("a cursor never moves down", "[durable]") {
  const Place place;
  CursorFile cursor = place.create(7);
  cursor.acknowledge(6);
  cursor.acknowledge(7);
  CHECK(place.position() == 7);
  cursor.acknowledge(8);
  cursor.acknowledge(7);
  CHECK(place.position() == 8);
}

TEST_CASE("of two sectors one may be torn: the cursor is then the last one or the one before", "[durable]") {
  for (std::uint64_t last = 2; last < 6; ++last) {
    for (std::uint64_t torn = 0; torn < 2; ++torn) {
      for (std::uint64_t byte = 0; byte < sizeof(shmbus::layout::CursorWord); ++byte) {
        const Place place;
        CursorFile cursor = place.create(0);
        for (std::uint64_t sequence = 1; sequence <= last; ++sequence) cursor.acknowledge(100 * sequence);
        const std::uint64_t at = shmbus::layout::cursor_word_offset(torn) + byte;
        test::overwrite(place.path(), at,
                        static_cast<unsigned char>(test::read_at<unsigned char>(place.path(), at) ^ 0x55));
        const bool newest = (last + 1) % 2 == torn;  // its generation is one more than its number
        CHECK(place.position() == 100 * (newest ? last - 1 : last));
        auto next = place.open().value();
        next.acknowledge(100 * last + 1);  // into the torn sector or the other: both are valid again after two
        next.acknowledge(100 * last + 2);
        CHECK(place.position() == 100 * last + 2);
      }
    }
  }
}

TEST_CASE("a cursor that somebody overwrote is an error that says what to do", "[durable]") {
  const Place place;
  place.create(5).acknowledge(6);
  SECTION("the header") {
    for (std::uint64_t at = 0; at < 512; at += 8) {
      const auto before = test::read_at<std::uint64_t>(place.path(), at);
      test::overwrite(place.path(), at, before ^ 0x0101010101010101);
      try {
        place.open();
        FAIL("byte " << at << " may be anything");
      } catch (const shmbus::Error& error) {
        INFO(at << ": " << error.what());
        CHECK((error.code() == ErrorCode::corrupt || error.code() == ErrorCode::incompatible));
        CHECK(std::string(error.what()).find("cursor") != std::string::npos);
        CHECK_FALSE(error.remedy().empty());
      }
      test::overwrite(place.path(), at, before);
    }
    CHECK(place.position() == 6);
  }
  SECTION("both words") {
    test::overwrite(place.path(), 512, ~std::uint64_t{0});
    test::overwrite(place.path(), 1024, ~std::uint64_t{0});
    refused(ErrorCode::corrupt, "the cursor", "shmbus forget billing", [&] { place.open(); });
  }
  SECTION("cut short, to any length") {
    for (const std::uint64_t length : {4095u, 1024u, 512u, 511u, 8u, 0u}) {
      std::filesystem::resize_file(place.path(), length);
      refused(ErrorCode::corrupt, "the cursor", "shmbus forget billing", [&] { place.open(); });
    }
  }
  SECTION("words in each other's place") {
    const auto first = test::read_at<shmbus::layout::CursorWord>(place.path(), 512);
    const auto second = test::read_at<shmbus::layout::CursorWord>(place.path(), 1024);
    test::overwrite(place.path(), 512, second);
    test::overwrite(place.path(), 1024, first);
    refused(ErrorCode::corrupt, "the cursor", "", [&] { place.open(); });
  }
}

TEST_CASE("a cursor of another topic, bus or name is refused", "[durable]") {
  const Place place;
  place.create(5);
  CursorOwner other = Place::owner();
  other.topic = kTopic + 1;
  refused(ErrorCode::stale_position, "the cursor", "", [&] { place.open(other); });
  other = Place::owner();
  other.bus = kBus + 1;
  refused(ErrorCode::stale_position, "the cursor", "", [&] { place.open(other); });
  other = Place::owner();
  other.durable = shmbus::base::DurableName("shipping");
  refused(ErrorCode::untrusted, "the cursor", "", [&] { place.open(other); });
}

TEST_CASE("the prefix of handled events ends at the first that is not handled", "[durable]") {
  shmbus::durable::HandledPrefix prefix;
  CHECK(prefix.end() == 0);
  for (const std::uint64_t sequence : {5u, 6u, 9u}) prefix.begin(sequence);
  CHECK(prefix.end() == 4);
  prefix.finish(6);
  CHECK(prefix.end() == 4);
  prefix.finish(5);
  CHECK(prefix.end() == 8);  // 7 and 8 are of no event that was handed out
  CHECK_FALSE(prefix.complete());
  prefix.finish(9);
  CHECK(prefix.end() == 9);
  CHECK(prefix.complete());
}
