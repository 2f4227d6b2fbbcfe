// A reader that ends in the middle of a poll: in a forked child, or because its subscriber is destroyed by a handler.

#include <catch2/catch.hpp>

#include "support/log_fixture.hpp"

using namespace test;
using shmbus::Status;
using shmbus::detail::EventRecord;

TEST_CASE("a reader in a forked child hands out no more events and stores nothing, also within a poll",
          "[log][reader]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  for (int i = 0; i < 5; ++i) p.publish_bytes(8);
  REQUIRE(s.poll(2).size() == 2);
  const std::uint64_t position = s.shared().words.position, pin = s.shared().words.pin,
                      delivered = s.shared().words.delivered;
  std::size_t seen = 0;
  const std::size_t polled = s.reader->poll(
      [&](const EventRecord&) {
        if (++seen == 2) s.reader->in_child();
      },
      100);
  CHECK(seen == 2);
  CHECK(polled == 2);
  for (int i = 0; i < 100; ++i) p.publish_bytes(f.log().block_size() / 4);  // past the block's end: a pin would move
  CHECK(s.poll().empty());
  CHECK_FALSE(s.reader->ready());
  CHECK_FALSE(s.reader->look());
  s.reader->count_handler_error();
  CHECK(s.status() == Status::closed);
  CHECK(s.shared().words.position == position);
  CHECK(s.shared().words.delivered == delivered);
  CHECK(s.shared().words.pin == pin);
  CHECK(s.shared().handler_errors == 0);
}

TEST_CASE("a reader that is stopped within a poll hands out no more events, and reports how far it came",
          "[log][reader]") {
  LogFixture f;
  auto& p = f.publisher();
  auto& s = f.subscriber();
  for (int i = 0; i < 5; ++i) p.publish_bytes(8);
  std::size_t seen = 0;
  s.reader->poll(
      [&](const EventRecord&) {
        if (++seen == 2) s.reader->stop();
      },
      100);
  CHECK(seen == 2);
  CHECK(s.poll().empty());
  CHECK(s.shared().words.position == 3);
  CHECK(s.status() == Status::closed);
}
