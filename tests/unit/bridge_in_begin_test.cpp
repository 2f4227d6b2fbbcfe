#include <catch2/catch.hpp>

#include "shmbus-nats/in_begin.hpp"

using namespace shmbus;
using namespace shmbus::bridge;
using namespace std::chrono_literals;

namespace {

/// A stream with the messages 11 to 50, never seen before.
InSituation never_seen() {
  InSituation s;
  s.stream = {.created = 1000, .first = 11, .last = 50, .messages = 40};
  s.now = Time{100s};
  return s;
}

InSituation seen(std::uint64_t taken) {
  InSituation s = never_seen();
  s.known_stream = 1000;
  s.taken = taken;
  return s;
}

}  // namespace

TEST_CASE("a rule says where a stream begins that was never seen", "[bridge]") {
  InSituation s = never_seen();
  SECTION("new") {
    CHECK(in_begin(s).start.sequence == 51);
    s.appeared = true;  // all of it is new
    CHECK(in_begin(s).start.sequence == 1);
  }
  SECTION("all") {
    s.rule.kind = RuleStart::Kind::all;
    CHECK(in_begin(s).start.sequence == 1);
    CHECK(in_begin(s).lost == 0);  // nobody has promised the first ten
  }
  SECTION("an age") {
    s.rule = {RuleStart::Kind::age, 10s};
    const InBegin begin = in_begin(s);
    CHECK(begin.start.sequence == 0);
    CHECK(begin.start.time == 90'000'000'000);
  }
  SECTION("but a consumer that is there knows better") {
    s.acknowledged = 30;
    CHECK(in_begin(s).start.sequence == 31);
  }
}

TEST_CASE("a stream that was received goes on behind the last message", "[bridge]") {
  InSituation s = seen(40);
  s.acknowledged = 20;  // the state file is never behind it
  CHECK(in_begin(s).start.sequence == 41);
  CHECK(in_begin(s).remark.empty());
  CHECK(in_begin(seen(50)).start.sequence == 51);
}

TEST_CASE("a stream that was empty when it was first received is received from its first message", "[bridge]") {
  InSituation s = seen(0);
  CHECK(in_begin(s).start.sequence == 1);
  s.rule = {RuleStart::Kind::age, 10s};  // nothing of that age has come yet
  s.acknowledged = 0;
  CHECK(in_begin(s).start.time == 90'000'000'000);
  s.acknowledged = 20;
  CHECK(in_begin(s).start.sequence == 21);
}

TEST_CASE("messages that left the stream meanwhile are lost, and counted", "[bridge]") {
  const InBegin begin = in_begin(seen(5));
  CHECK(begin.start.sequence == 11);
  CHECK(begin.lost == 5);
}

TEST_CASE("a stream that was made anew, or went back, is received from its first message", "[bridge]") {
  InSituation anew = seen(40);
  anew.known_stream = 900;
  CHECK(in_begin(anew).start.sequence == 1);
  CHECK_FALSE(in_begin(anew).remark.empty());

  const InSituation shorter = seen(60);
  CHECK(in_begin(shorter).start.sequence == 1);
  CHECK_FALSE(in_begin(shorter).remark.empty());

  InSituation grown_again = seen(40);
  grown_again.same_message = false;
  CHECK(in_begin(grown_again).start.sequence == 1);
  CHECK_FALSE(in_begin(grown_again).remark.empty());
}
