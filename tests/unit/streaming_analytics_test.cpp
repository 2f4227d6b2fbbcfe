#include <catch2/catch.hpp>

#include "reactions/analytics.hpp"
#include "support/watches.hpp"

using namespace streaming;

TEST_CASE("watches, users and videos are counted", "[streaming][analytics]") {
  const Movies movies;
  test::Sent<AnalyticsUpdated> sent;
  StateDatabase state({}, "test");
  Analytics analytics(state, movies, sent.send());
  test::Viewers viewers(analytics);
  for (std::uint64_t i = 0; i < 2500; ++i) viewers.watch(i % 10, i % 100, 4, static_cast<std::int64_t>(i) * 86'400);
  CHECK(test::result(analytics, "watches") == 2500);
  CHECK(test::result(analytics, "users") == 10);
  CHECK(test::result(analytics, "videos") == 100);
  REQUIRE(sent.results.size() == 2);
  CHECK(sent.results[1].cause == 2000);
  CHECK(sent.results[1].watches == 2000);
  CHECK(sent.results[1].watches_per_day == Approx(2000.0 / 1999));
}

TEST_CASE("the busiest hour is one of the day, also before 1970", "[streaming][analytics]") {
  const Movies movies;
  test::Sent<AnalyticsUpdated> sent;
  StateDatabase state({}, "test");
  Analytics analytics(state, movies, sent.send());
  test::Viewers viewers(analytics);
  viewers.watch(1, 1, 4, -1);
  CHECK(test::result(analytics, "busiest hour") == 23);
  viewers.watch(1, 1, 4, 7200);
  viewers.watch(1, 1, 4, 86'400 + 7300);
  CHECK(test::result(analytics, "busiest hour") == 2);
}
