// Segments as a later shmbus may make them: with parts, flags and kinds that this version does not know.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "layout/registry.hpp"
#include "layout/topic.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/refusal.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"

using shmbus::ErrorCode;
using shmbus::Leftover;
using shmbus::layout::ExtensionEntry;
using shmbus::layout::kPage;
using shmbus::layout::RegistryHeader;
using shmbus::layout::TopicHeader;
using test::overwrite;

namespace {

constexpr ExtensionEntry extension(std::uint64_t offset, std::uint64_t size) {
  return {.id = 4711, .reserved = 0, .offset = offset, .size = size};
}

/// A bus with one topic and an event, and no member.
struct Fixture {
  Fixture() { shmbus::Bus::open(name.name()).publisher("t", {.block_size = 4096, .blocks = 4}).publish("first"); }

  /// Makes a segment larger by two pages and names them in its directory.
  void extend(const std::string& path, std::uint64_t directory, std::uint64_t size_field) const {
    const std::uint64_t size = std::filesystem::file_size(path);
    std::filesystem::resize_file(path, size + 2 * kPage);
    overwrite(path, size_field, size + 2 * kPage);
    overwrite(path, directory, extension((size + kPage - 1) / kPage * kPage, kPage));
  }
  void extend_registry() const {
    extend(segments.registry(), offsetof(RegistryHeader, extensions), offsetof(RegistryHeader, size));
  }
  void extend_topic() const {
    extend(segments.control("t"), offsetof(TopicHeader, extensions), offsetof(TopicHeader, control_size));
  }

  test::TemporaryBus name;
  test::Segments segments{name.name()};
};

}  // namespace

TEST_CASE("a registry and a topic with parts that this shmbus does not know can be used", "[versions]") {
  const Fixture f;
  f.extend_registry();
  f.extend_topic();
  shmbus::Bus bus = shmbus::Bus::open(f.name.name());
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = shmbus::Start::oldest()});
  for (int i = 0; i < 100; ++i) CHECK(bus.publisher("t").publish("more"));
  std::size_t events = 0;
  while (subscriber.poll([&](const shmbus::Event&) { ++events; }) != 0) {
  }
  CHECK(events + subscriber.lost() == 101);
  CHECK(subscriber.status() == shmbus::Status::ok);
  const shmbus::BusSnapshot snapshot = shmbus::Inspector(f.name.name()).snapshot();
  REQUIRE(snapshot.topics.size() == 1);
  CHECK(snapshot.topics[0].problem.empty());
  CHECK(shmbus::Bus::remove(f.name.name()));
  CHECK(f.segments.all().empty());
}

TEST_CASE("a part that overlaps the layout's own words, or lies beyond the end, is refused", "[versions]") {
  const Fixture f;
  const auto refused = [&] {
    test::expect_refusal({ErrorCode::corrupt, "bus '" + f.name.name() + "'", {}, {}},
                         [&] { shmbus::Bus::open(f.name.name()); });
  };
  f.extend_registry();
  SECTION("inside the tables") {
    overwrite(f.segments.registry(), offsetof(RegistryHeader, extensions), extension(kPage, kPage));
    refused();
  }
  SECTION("beyond the end") {
    overwrite(f.segments.registry(), offsetof(RegistryHeader, extensions),
              extension(sizeof(RegistryHeader), 3 * kPage));
    refused();
  }
  SECTION("a size that overflows") {
    overwrite(f.segments.registry(), offsetof(RegistryHeader, extensions),
              extension(sizeof(RegistryHeader), ~std::uint64_t{0} - 4));
    refused();
  }
  SECTION("not on a page") {
    overwrite(f.segments.registry(), offsetof(RegistryHeader, extensions), extension(sizeof(RegistryHeader) + 8, 8));
    refused();
  }
  SECTION("of a topic") {
    f.extend_topic();
    overwrite(f.segments.control("t"), offsetof(TopicHeader, extensions), extension(0, kPage));
    shmbus::Bus bus = shmbus::Bus::open(f.name.name());
    test::expect_refusal({ErrorCode::corrupt, "topic 't'", {}, {}}, [&] { bus.publisher("t"); });
  }
}

TEST_CASE("compatible flags are ignored, incompatible ones are refused by name", "[versions]") {
  const Fixture f;
  overwrite(f.segments.registry(), offsetof(RegistryHeader, compatible_flags), std::uint32_t{1} << 7);
  CHECK(shmbus::Bus::open(f.name.name()).publisher("t").publish("x"));
  overwrite(f.segments.registry(), offsetof(RegistryHeader, incompatible_flags), std::uint32_t{1} << 7);
  test::expect_refusal({ErrorCode::incompatible, "bus '" + f.name.name() + "'", {}, "features 128"},
                       [&] { shmbus::Bus::open(f.name.name()); });
}

TEST_CASE("a segment of an unknown kind is named, and left alone", "[versions]") {
  const Fixture f;
  const shmbus::Bus bus = shmbus::Bus::open(f.name.name());
  const std::string file = "shmbus." + f.name.name() + ".t.jnl", path = "/dev/shm/" + file;
  std::ofstream(path) << "SHMBUSJ1 and what a journal holds";
  const std::string stray = "shmbus." + f.name.name() + ".what-is-this";
  std::ofstream("/dev/shm/" + stray) << "SHMBUS is not enough of a name";

  const auto kind_of = [&](const std::string& name) {
    for (const Leftover& l : shmbus::Inspector(f.name.name()).leftovers()) {
      if (l.name == name) return std::string(to_string(l.kind));
    }
    return std::string("not found");
  };
  CHECK(kind_of(file) == "unknown_kind");
  CHECK(kind_of(stray) == "unknown_kind");  // its seventh byte names no known kind
  std::ofstream("/dev/shm/" + stray) << "anything else";
  CHECK(kind_of(stray) == "stray");
  CHECK(shmbus::Bus::open(f.name.name()).reap().segments == 0);
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("a topic whose control segment is of an unknown kind is refused as newer, not as broken", "[versions]") {
  const Fixture f;
  overwrite(f.segments.control("t"), 0, shmbus::layout::magic_word("SHMBUST2"));
  shmbus::Bus bus = shmbus::Bus::open(f.name.name());
  test::expect_refusal({ErrorCode::incompatible, "topic 't'", "a segment of a kind that this shmbus knows", "SHMBUST2"},
                       [&] { bus.publisher("t"); });
}

TEST_CASE("a bus of another layout is refused by its version, whatever its size", "[versions]") {
  const Fixture f;
  overwrite(f.segments.registry(), offsetof(RegistryHeader, version), std::uint32_t{2});
  std::filesystem::resize_file(f.segments.registry(), 2'363'392);  // as in layout version 2
  test::expect_refusal({ErrorCode::incompatible, "bus '" + f.name.name() + "'", "layout version 3", "version 2"},
                       [&] { shmbus::Bus::open(f.name.name()); });
}
