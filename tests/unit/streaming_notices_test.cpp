#include <catch2/catch.hpp>

#include "reactions/notices.hpp"
#include "support/watches.hpp"

using namespace streaming;

TEST_CASE("users that keep watching the same videos become friends, and are notified of each other",
          "[streaming][notices]") {
  test::Sent<NotificationSent> sent;
  StateDatabase state({}, "test");
  Notices notices(state, sent.send());
  test::Viewers viewers(notices);
  for (std::uint64_t video = 1; video < Notices::meetings; ++video) {
    viewers.watch(1, video);
    viewers.watch(2, video);
  }
  CHECK(sent.results.empty());
  viewers.watch(1, 50);
  viewers.watch(2, 50);
  REQUIRE(sent.results.size() == 1);
  CHECK(sent.results[0].user == 2);
  CHECK(sent.results[0].friends[0] == 1);
  viewers.watch(1, 99);
  REQUIRE(sent.results.size() == 2);
  CHECK(sent.results[1].video == 99);
  CHECK(sent.results[1].friends[0] == 2);
  CHECK(sent.results[1].friends[1] == 0);
  CHECK(test::result(notices, "with friends") == 2);
  CHECK(test::result(notices, "notices") == 2);
}

TEST_CASE("watching one video again and again makes no friends", "[streaming][notices]") {
  test::Sent<NotificationSent> sent;
  StateDatabase state({}, "test");
  Notices notices(state, sent.send());
  test::Viewers viewers(notices);
  viewers.watch(1, 1);
  for (int i = 0; i < 100; ++i) viewers.watch(2, 1);
  CHECK(sent.results.empty());
}
