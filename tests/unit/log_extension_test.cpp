// What travels with an event beside its payload, byte by byte.

#include <catch2/catch.hpp>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "layout/extension_area.hpp"
#include "log/extension_view.hpp"
#include "support/log_fixture.hpp"

using namespace test;
using shmbus::EventHeader;
using shmbus::Status;
using shmbus::TraceContext;
using shmbus::detail::Claim;
using shmbus::detail::EventRecord;
using shmbus::log::ExtensionView;
using shmbus::log::RecordExtensions;
namespace layout = shmbus::layout;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

std::string u32(std::uint32_t value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); }
std::string u16(std::uint16_t value) { return std::string(reinterpret_cast<const char*>(&value), sizeof value); }

std::string padded(std::string bytes) {
  bytes.resize((bytes.size() + 7) / 8 * 8);
  return bytes;
}
std::string entry(std::uint16_t kind, const std::string& bytes) {
  return u16(kind) + u16(0) + u32(static_cast<std::uint32_t>(bytes.size())) + padded(bytes);
}
std::string header(const std::string& name, const std::string& value) {
  return u32(static_cast<std::uint32_t>(name.size())) + u32(static_cast<std::uint32_t>(value.size())) + name + value;
}
std::string area(const std::string& entries) {
  return u32(static_cast<std::uint32_t>(8 + entries.size())) + u32(0) + entries;
}

constexpr std::uint16_t kTrace = 1, kHeaders = 2, kKey = 3, kUnknown = 700;

TraceContext some_trace() {
  TraceContext trace;
  trace.trace_id.fill(std::byte{1});
  trace.parent_id.fill(std::byte{2});
  trace.flags = 3;
  return trace;
}
std::string bytes_of(const TraceContext& trace) {
  return std::string(reinterpret_cast<const char*>(&trace), sizeof trace);
}

/// An event as a subscriber sees it.
struct Parts {
  std::string payload;
  std::string trace;  ///< its bytes; empty without one
  Headers headers;
  std::string key;

  bool operator==(const Parts&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Parts& parts) {
  out << "payload '" << parts.payload << "', trace of " << parts.trace.size() << ", key '" << parts.key << "'";
  for (const auto& [name, value] : parts.headers) out << ", " << name << '=' << value;
  return out;
}

Parts parts_of(const EventRecord& record) {
  const ExtensionView view(record);
  Parts parts;
  parts.payload.assign(reinterpret_cast<const char*>(record.payload), record.size);
  if (const TraceContext* trace = view.trace(); trace != nullptr) parts.trace = bytes_of(*trace);
  for (const EventHeader h : view.headers()) parts.headers.emplace_back(h.name, h.value);
  parts.key = view.key();
  return parts;
}

std::vector<Parts> read_all(TestSubscriber& s) {
  std::vector<Parts> all;
  s.reader->poll([&](const EventRecord& r) { all.push_back(parts_of(r)); }, 100);
  return all;
}

/// A log with one record whose extension area is placed byte by byte.
struct PlacedArea : LogFixture {
  explicit PlacedArea(const std::string& bytes, const std::string& payload = "payload") {
    publisher().publish(bytes + payload);
    auto& words = record(1, 0);
    layout::RecordMeta changed = meta(1, 0);
    changed.flags = layout::kExtended;
    words.meta.store(changed.word());
  }

  Parts parts() {
    const auto all = read_all(subscriber());
    REQUIRE(all.size() == 1);
    CHECK(all[0].payload == "payload");
    return all[0];
  }
};

}  // namespace

TEST_CASE("an extension area is its size, then for each entry kind, size and bytes, padded with zeros",
          "[log][extension]") {
  const bool timestamps = GENERATE(false, true);
  const bool exclusive = GENERATE(false, true);
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 64, 256);
  LogFixture f({.timestamps = timestamps, .alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  p.publish("opens the block");
  const std::size_t begin = f.tail_offset();
  std::memset(f.log().at(f.physical_of(1), begin), 0xff, 1024);  // bytes of an event that was there before
  const TraceContext trace = some_trace();
  const std::array headers{EventHeader{"content-type", "json"}, EventHeader{"empty", ""}};
  REQUIRE(p.publish("payload", {.trace = &trace, .headers = headers, .key = "user-42"}));

  const std::string expected =
      area(entry(kTrace, bytes_of(trace)) + entry(kHeaders, header("content-type", "json") + header("empty", "")) +
           entry(kKey, "user-42"));
  const std::size_t head = f.log().record_header();
  CHECK(f.meta(1, begin).flags == layout::kExtended);
  CHECK(f.meta(1, begin).size == head + f.log().stride(expected.size()) + 7);
  const auto* at = reinterpret_cast<const char*>(f.log().at(f.physical_of(1), begin + head));
  CHECK(std::string(at, expected.size()) == expected);
  CHECK(std::string(at + f.log().stride(expected.size()), 7) == "payload");

  const auto all = read_all(f.subscriber());
  REQUIRE(all.size() == 2);
  CHECK(all[0] == Parts{"opens the block", "", {}, ""});
  CHECK(all[1] == Parts{"payload", bytes_of(trace), {{"content-type", "json"}, {"empty", ""}}, "user-42"});
}

TEST_CASE("an event carries the id of its cause behind what its publisher gave", "[log][extension]") {
  LogFixture f;
  const shmbus::EventId cause{0x1122334455667788, 7, 42};
  REQUIRE(f.publisher().publish("payload", {.key = "user-42", .cause = &cause}));
  const std::string expected =
      area(entry(kKey, "user-42") + entry(4, std::string(reinterpret_cast<const char*>(&cause), sizeof cause)));
  const auto* at = reinterpret_cast<const char*>(f.log().at(f.physical_of(1), f.log().record_header()));
  CHECK(std::string(at, expected.size()) == expected);
  std::optional<shmbus::EventId> read;
  f.subscriber().reader->poll([&](const EventRecord& record) { read = ExtensionView(record).cause(); }, 1);
  CHECK(read == cause);
}

TEST_CASE("an event without extensions has no area", "[log][extension]") {
  LogFixture f;
  const std::array nameless{EventHeader{"", "value"}};
  const auto extensions = GENERATE_REF(RecordExtensions{}, RecordExtensions{.headers = nameless});
  CHECK(extensions.area_size() == 0);
  f.publisher().publish("payload", extensions);
  CHECK(f.meta(1, 0).flags == 0);
  CHECK(f.meta(1, 0).size == 24 + 7);
  CHECK(read_all(f.subscriber()) == std::vector<Parts>{{"payload", "", {}, ""}});
}

TEST_CASE("each extension can be sent alone, and a header without a name is left out", "[log][extension]") {
  LogFixture f;
  auto& p = f.publisher();
  const TraceContext trace = some_trace();
  const std::array headers{EventHeader{"", "nameless"}, EventHeader{"name", "value"}};
  p.publish("1", {.trace = &trace});
  p.publish("2", {.headers = headers});
  p.publish("3", {.key = "key"});
  CHECK(read_all(f.subscriber()) == std::vector<Parts>{{"1", bytes_of(trace), {}, ""},
                                                       {"2", "", {{"name", "value"}}, ""},
                                                       {"3", "", {}, "key"}});
}

TEST_CASE("payloads behind extensions stand at multiples of the alignment", "[log][extension]") {
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 64, 256);
  const bool exclusive = GENERATE(false, true);
  LogFixture f({.blocks = 16, .alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  for (std::size_t size = 0; size < 40; ++size)
    REQUIRE(p.publish(std::string(size, 'x'), {.key = std::string(size * 7, 'k')}));
  std::size_t next = 0;
  f.subscriber().reader->poll(
      [&](const EventRecord& r) {
        REQUIRE(parts_of(r) == Parts{std::string(next, 'x'), "", {}, std::string(next * 7, 'k')});
        REQUIRE(reinterpret_cast<std::uintptr_t>(r.payload) % alignment == 0);
        ++next;
      },
      100);
  CHECK(next == 40);
}

TEST_CASE("names, values and keys may be any bytes", "[log][extension]") {
  LogFixture f;
  const std::string zeros("a\0b", 3), high("\xff\xfe\n=");
  const std::array headers{EventHeader{zeros, high}, EventHeader{high, zeros}};
  f.publisher().publish("p", {.headers = headers, .key = zeros});
  CHECK(read_all(f.subscriber()) == std::vector<Parts>{{"p", "", {{zeros, high}, {high, zeros}}, zeros}});
}

TEST_CASE("two headers of one name both arrive, in order", "[log][extension]") {
  LogFixture f;
  const std::array headers{EventHeader{"name", "1"}, EventHeader{"other", "2"}, EventHeader{"name", "3"}};
  f.publisher().publish("p", {.headers = headers});
  CHECK(read_all(f.subscriber()).at(0).headers == Headers{{"name", "1"}, {"other", "2"}, {"name", "3"}});
}

TEST_CASE("entries of unknown kinds are skipped", "[log][extension]") {
  const auto size = GENERATE(as<std::size_t>{}, 0, 1, 7, 8, 100);
  const std::string unknown = entry(kUnknown, std::string(size, '\xff'));
  PlacedArea f(area(unknown + entry(kHeaders, header("name", "value")) + unknown + entry(kKey, "key") + unknown));
  const Parts parts = f.parts();
  CHECK(parts.headers == Headers{{"name", "value"}});
  CHECK(parts.key == "key");
}

TEST_CASE("of two entries of one kind the first counts", "[log][extension]") {
  PlacedArea f(area(entry(kKey, "first") + entry(kKey, "second")));
  CHECK(f.parts().key == "first");
}

TEST_CASE("bytes that should be zero padding are ignored", "[log][extension]") {
  std::string bytes = area(entry(kKey, "key"));
  bytes[4] = bytes[7] = bytes[8 + 2] = bytes[8 + 3] = bytes[bytes.size() - 1] = '\xff';
  PlacedArea f(bytes);
  CHECK(f.parts().key == "key");
}

TEST_CASE("an empty area or an empty key counts as none", "[log][extension]") {
  PlacedArea f(area(GENERATE(as<std::string>{}, "", entry(kKey, ""), entry(kHeaders, ""))));
  CHECK(f.parts() == Parts{"payload", "", {}, ""});
}

TEST_CASE("an area whose size is wrong gives corrupt", "[log][extension]") {
  const std::string entries = entry(kKey, "key");
  // Beyond the record, no multiple of 8, smaller than its own head.
  const auto size = GENERATE(as<std::uint32_t>{}, 32, 48, 4096, 0xfffffff8, 0xffffffff, 7, 12, 23, 25, 0, 4);
  PlacedArea f(u32(size) + u32(0) + entries, "");
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("an area that leaves no room for its alignment gives corrupt", "[log][extension]") {
  LogFixture f({.alignment = 64});
  f.publisher().publish(area(entry(kKey, "key")) + "payload");
  layout::RecordMeta changed = f.meta(1, 0);
  changed.flags = layout::kExtended;
  f.record(1, 0).meta.store(changed.word());
  auto& s = f.subscriber();
  CHECK(s.drain().empty());
  CHECK(s.status() == Status::corrupt);
}

TEST_CASE("an entry that would reach beyond the area ends the list of entries", "[log][extension]") {
  const auto size = GENERATE(as<std::uint32_t>{}, 9, 16, 4096, 0x7fffffff, 0xfffffff9, 0xffffffff);
  const auto kind = GENERATE(as<std::uint16_t>{}, kKey, kUnknown);
  PlacedArea f(area(entry(kHeaders, header("name", "value")) + u16(kind) + u16(0) + u32(size) + "12345678"));
  const Parts parts = f.parts();
  CHECK(parts.headers == Headers{{"name", "value"}});
  CHECK(parts.key.empty());
}

TEST_CASE("a trace of a wrong size is ignored", "[log][extension]") {
  const auto size = GENERATE(as<std::size_t>{}, 0, 8, 31, 33, 64);
  PlacedArea f(area(entry(kTrace, std::string(size, 't')) + entry(kKey, "key")));
  const Parts parts = f.parts();
  CHECK(parts.trace.empty());
  CHECK(parts.key == "key");
}

TEST_CASE("a malformed header ends the list of headers", "[log][extension]") {
  const std::string bad =
      GENERATE(as<std::string>{}, u32(0) + u32(1) + "v",                // no name
               u32(5) + u32(0) + "name",                                // a name beyond the entry
               u32(4) + u32(2) + "namev", u32(4) + u32(~0u) + "name",   // a value beyond it
               u32(~0u) + u32(~0u) + "name", u32(~0u) + u32(1) + "n",   // sizes whose sum overflows
               u32(4) + u16(0) + "n", "x");                             // less than a head
  PlacedArea f(area(entry(kHeaders, header("first", "1") + bad) + entry(kKey, "key")));
  const Parts parts = f.parts();
  CHECK(parts.headers == Headers{{"first", "1"}});
  CHECK(parts.key == "key");
}

TEST_CASE("a size that changes after the reader has checked it causes no access outside the record",
          "[log][extension]") {
  const auto size = GENERATE(as<std::uint32_t>{}, 0, 20, 32, 4096, 0xfffffff8);
  PlacedArea f(area(entry(kKey, "key")));
  EventRecord record;
  f.subscriber().reader->poll([&](const EventRecord& r) { record = r; }, 1);
  CHECK(parts_of(record).key == "key");
  std::memcpy(f.log().at(f.physical_of(1), 24), &size, sizeof size);
  CHECK(parts_of(record) == Parts{"payload", "", {}, ""});
}

TEST_CASE("a loan with extensions is committed whole, trimmed, or aborted", "[log][extension][loan]") {
  const bool exclusive = GENERATE(false, true);
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 64);
  const auto used = GENERATE(as<std::size_t>{}, 0, 1, 99, 100);
  LogFixture f({.alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  const auto lend = [&] {
    const Claim c = p.claim(100, {.key = "key"});
    p.writer->open_loan(c);
    std::memset(c.payload, 'x', 100);
    return c;
  };
  p.writer->abort_loan(lend());
  REQUIRE(p.writer->commit_loan(lend(), used));
  REQUIRE(p.publish("next"));
  CHECK(read_all(f.subscriber()) ==
        std::vector<Parts>{{std::string(used, 'x'), "", {}, "key"}, {"next", "", {}, ""}});
}

TEST_CASE("an event whose payload and extensions exceed a block is too large, and leaves nothing behind",
          "[log][extension]") {
  const bool exclusive = GENERATE(false, true);
  const auto alignment = GENERATE(as<std::uint32_t>{}, 8, 64, 256);
  LogFixture f({.alignment = alignment, .exclusive = exclusive});
  auto& p = f.publisher();
  const std::array headers{EventHeader{"name", std::string_view("value")}};
  const TraceContext trace;
  const RecordExtensions extensions{.trace = &trace, .headers = headers, .key = "123456789"};
  // As PublishOptions says: 8, and 40 for the trace, 8 + 8 + 4 + 5 for the headers, 8 + 9 for the key, each rounded up.
  REQUIRE(extensions.area_size() == 8 + 40 + 32 + 24);
  const std::size_t largest = f.log().max_payload() - f.log().stride(extensions.area_size());
  CHECK(p.publish(std::string(largest, 'x'), extensions).sequence() == 1);
  const std::uint64_t tail = f.log().tail().load();
  CHECK(p.publish(std::string(largest + 1, 'x'), extensions).status() == Status::too_large);
  CHECK(p.publish("", {.key = std::string(f.log().max_payload(), 'k')}).status() == Status::too_large);
  CHECK(p.publish("", {.key = std::string(1 << 20, 'k')}).status() == Status::too_large);
  Claim c;
  CHECK(p.writer->claim(~std::size_t{0}, extensions, c) == Status::too_large);
  CHECK(p.writer->claim(~std::size_t{0} - 200, extensions, c) == Status::too_large);
  CHECK(f.log().tail().load() == tail);
  CHECK(p.publish(std::string(largest, 'x'), extensions).sequence() == 2);
}
