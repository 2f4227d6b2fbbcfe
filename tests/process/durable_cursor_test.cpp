// The files of cursors: they go with their topics, and damage is an error.

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "durable_fixture.hpp"
#include "shmbus/inspector.hpp"
#include "support/segments.hpp"

using shmbus::ErrorCode;
using shmbus::Start;
using test::billing;
using test::DurableBus;
using test::from_to;
using test::poll_all;
using test::publish;
using test::refused;

TEST_CASE("removing a topic removes its cursors; one made anew is read from its first event", "[durable]") {
  DurableBus f;
  const test::Segments segments(f.name.name());
  {
    shmbus::Publisher publisher = f.bus.publisher("t");
    shmbus::Subscriber first = f.bus.subscriber("t", billing);
    publish(publisher, 5);
    poll_all(first);
  }
  const std::size_t before = segments.all().size();
  CHECK(f.bus.remove_topic("t"));
  CHECK(segments.all().size() == before - 3);  // control segment, log, cursor
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 3);
  shmbus::Subscriber next = f.bus.subscriber("t", billing);
  CHECK(poll_all(next) == from_to(1, 3));
}

TEST_CASE("a cursor of a former topic is dropped, and reaped where nobody opens the name", "[durable]") {
  DurableBus f;
  const test::Segments segments(f.name.name());
  std::string cursor, copy;
  {
    shmbus::Publisher publisher = f.bus.publisher("t");
    shmbus::Subscriber first = f.bus.subscriber("t", billing);
    publish(publisher, 5);
    poll_all(first);
    for (const std::string& path : segments.all()) {
      if (path.find(".t.cursor.billing.") != std::string::npos) cursor = path;
    }
    REQUIRE_FALSE(cursor.empty());
    copy = "/dev/shm/shmbus-test-" + f.name.name();
    std::filesystem::copy_file(cursor, copy);
  }
  CHECK(f.bus.remove_topic("t"));
  std::filesystem::rename(copy, cursor);  // as if its remover had died
  shmbus::Publisher publisher = f.bus.publisher("t");
  publish(publisher, 3);
  const auto leftovers = shmbus::Inspector(f.name.name()).leftovers();
  REQUIRE(leftovers.size() == 1);
  CHECK(leftovers[0].kind == shmbus::Leftover::Kind::cursor);
  CHECK(leftovers[0].reapable());
  SECTION("dropped") {
    shmbus::Subscriber next = f.bus.subscriber("t", {.start = Start::latest(), .durable = "billing"});
    CHECK(poll_all(next) == from_to(1, 3));
  }
  SECTION("reaped") { CHECK(f.bus.reap().segments == 1); }
  CHECK_FALSE(std::filesystem::exists(cursor));
  CHECK(shmbus::Inspector(f.name.name()).leftovers().empty());
}

TEST_CASE("a damaged cursor is an error, and not a loss without a word", "[durable]") {
  DurableBus f;
  const test::Segments segments(f.name.name());
  {
    shmbus::Publisher publisher = f.bus.publisher("t");
    shmbus::Subscriber first = f.bus.subscriber("t", billing);
    publish(publisher, 5);
    poll_all(first);
  }
  for (const std::string& path : segments.all()) {
    if (path.find(".cursor.") != std::string::npos) std::filesystem::resize_file(path, 100);
  }
  refused(ErrorCode::corrupt, "its cursor in topic 't'", "shmbus forget billing",
          [&] { f.bus.subscriber("t", billing); });
  CHECK(f.bus.forget("billing"));
  shmbus::Subscriber anew = f.bus.subscriber("t", {.start = Start::oldest(), .durable = "billing"});
  CHECK(poll_all(anew) == from_to(1, 5));
}
