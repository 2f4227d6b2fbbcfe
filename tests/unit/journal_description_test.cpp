// A topic's description in a journal's files.

#include "journal/description.hpp"

#include <catch2/catch.hpp>

#include <cerrno>

#include "journal/file_head.hpp"
#include "journal/file_names.hpp"
#include "support/journal_frames.hpp"
#include "support/memory_storage.hpp"

using namespace shmbus::journal;

namespace {

Description full() {
  Description d = test::journal_description();
  d.exclusive = d.reserve = d.accept_raw = d.retain_acknowledged = true;
  d.mode = 0640;
  d.group = "video";
  d.type_hash = 77;
  d.type_size = 16;
  d.type_alignment = 8;
  d.type_layout = 99;
  d.type_name = "Order";
  d.type_fields = "id:u64@0+8;";
  d.sync = SyncKind::interval;
  d.interval_ns = 10'000'000;
  d.retain_bytes = 1 << 30;
  d.retain_age_ns = 3600;
  d.when_behind = WhenBehind::skip;
  d.unrecorded_limit_ns = 30'000;
  return d;
}

std::optional<Description> stored(const Description& d) {
  std::array<std::byte, kDescriptionSize> bytes{};
  store(d, bytes);
  return load_description(bytes);
}

}  // namespace

TEST_CASE("a description is read as it was stored", "[journal]") {
  CHECK(stored(full()) == full());
  Description plain = test::journal_description();
  plain.timestamps = false;
  plain.record_header = 16;
  CHECK(stored(plain) == plain);
}

TEST_CASE("a description outside its ranges is neither stored nor read", "[journal]") {
  const auto refused = [](auto change) {
    Description d = full();
    change(d);
    return !is_valid(d) && !stored(d);
  };
  CHECK(is_valid(full()));
  CHECK(refused([](Description& d) { d.topic.clear(); }));
  CHECK(refused([](Description& d) { d.bus.clear(); }));
  CHECK(refused([](Description& d) { d.alignment = 4; }));
  CHECK(refused([](Description& d) { d.alignment = 24; }));
  CHECK(refused([](Description& d) { d.alignment = 512; }));
  CHECK(refused([](Description& d) { d.record_header = 16; }));  // no room for the time
  CHECK(refused([](Description& d) { d.record_header = 32; }));
  CHECK(refused([](Description& d) { d.block_size = 100; }));
  CHECK(refused([](Description& d) { d.block_size = std::uint64_t{1} << 40; }));
  CHECK(refused([](Description& d) { d.blocks = 1; }));
  CHECK(refused([](Description& d) { d.mode = 0100000; }));
  CHECK(refused([](Description& d) { d.sync = SyncKind{0}; }));
  CHECK(refused([](Description& d) { d.sync = SyncKind{4}; }));
  CHECK(refused([](Description& d) { d.when_behind = WhenBehind{2}; }));
  CHECK(refused([](Description& d) { d.file_bytes = 100; }));
  Description long_name = full();
  long_name.type_name = std::string(128, 'x');
  CHECK_FALSE(is_valid(long_name));
  long_name.type_name = std::string("a\0b", 3);
  CHECK_FALSE(is_valid(long_name));
}

TEST_CASE("a text that is not ended, or has bytes behind its end, is not read", "[journal]") {
  std::array<std::byte, kDescriptionSize> bytes{};
  store(full(), bytes);
  auto damaged = bytes;
  damaged[offsetof(StoredDescription, topic) + 120] = std::byte{'x'};
  CHECK_FALSE(load_description(damaged));
  damaged = bytes;
  for (std::size_t i = 0; i < 64; ++i) damaged[offsetof(StoredDescription, bus) + i] = std::byte{'x'};
  CHECK_FALSE(load_description(damaged));
}

TEST_CASE("one good copy of a header suffices, and two damaged ones are an error", "[journal]") {
  test::MemoryStorage storage;
  REQUIRE(write_topic(storage, full(), 42) == 0);
  CHECK(storage.image().size() == 1);
  CHECK(storage.image().at("topic").size() == kFileHeader);
  std::unique_ptr<StoredFile> file;
  REQUIRE(storage.open("topic", Use::write, file) == 0);
  const std::byte wrong{0xff};
  HeadContent content;
  REQUIRE(read_topic(storage, content) == 0);
  CHECK(content.good_copies == 2);
  CHECK(content.created_ns == 42);
  REQUIRE(file->write(200, std::span(&wrong, 1)) == 0);
  REQUIRE(read_topic(storage, content) == 0);
  CHECK(content.good_copies == 1);
  CHECK(content.description == full());
  REQUIRE(file->write(sizeof(FileHead) + 300, std::span(&wrong, 1)) == 0);
  CHECK(read_topic(storage, content) == EBADMSG);
  REQUIRE(file->truncate(100) == 0);
  CHECK(read_topic(storage, content) == EBADMSG);
}

TEST_CASE("names of segment files have twenty digits, and nothing else is one", "[journal]") {
  CHECK(events_name(1) == "00000000000000000001.events");
  CHECK(index_name(4096) == "00000000000000004096.index");
  CHECK(parse_events_name(events_name(kNumberLimit - 1)) == kNumberLimit - 1);
  CHECK_FALSE(parse_events_name("00000000000000000001.index"));
  CHECK(parse_index_name("00000000000000000001.index") == 1);
  CHECK_FALSE(parse_events_name("1.events"));
  CHECK_FALSE(parse_events_name("0000000000000000000x.events"));
  CHECK_FALSE(parse_events_name("00000000000000000001.events.new"));
  CHECK_FALSE(parse_events_name("+0000000000000000001.events"));
  CHECK_FALSE(parse_events_name("99999999999999999999.events"));
  CHECK(is_fresh_name(fresh_name("topic")));
}
