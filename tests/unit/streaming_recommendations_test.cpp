#include <catch2/catch.hpp>

#include <vector>

#include "reactions/recommendations.hpp"
#include "support/watches.hpp"

using namespace streaming;

TEST_CASE("a user is recommended what others watched after the same video", "[streaming][recommendations]") {
  test::Sent<RecommendationUpdated> sent;
  StateDatabase state({}, "test");
  Recommendations recommendations(state, sent.send());
  test::Viewers viewers(recommendations);
  viewers.watch(1, 10);
  viewers.watch(1, 11);
  viewers.watch(2, 10);
  REQUIRE(sent.results.size() == 1);
  CHECK(sent.results[0].user == 2);
  CHECK(sent.results[0].cause == 3);
  CHECK(sent.results[0].videos == decltype(RecommendationUpdated::videos){11, 0, 0, 0, 0});
}

TEST_CASE("a video that was watched after several of a user's videos comes first", "[streaming][recommendations]") {
  test::Sent<RecommendationUpdated> sent;
  StateDatabase state({}, "test");
  Recommendations recommendations(state, sent.send());
  test::Viewers viewers(recommendations);
  for (std::uint64_t video : {10u, 11u, 30u}) viewers.watch(1, video);
  for (std::uint64_t video : {10u, 20u}) viewers.watch(2, video);
  viewers.watch(3, 10);
  viewers.watch(3, 11);
  CHECK(sent.results.back().videos == decltype(RecommendationUpdated::videos){30, 20, 0, 0, 0});
}

TEST_CASE("no user is recommended a video just watched", "[streaming][recommendations]") {
  test::Sent<RecommendationUpdated> sent;
  StateDatabase state({}, "test");
  Recommendations recommendations(state, sent.send());
  for (const Watch& watch : test::made_up_watches(20'000, 3)) {
    recommendations.react(watch);
    if (sent.results.empty() || sent.results.back().cause != watch.sequence) continue;
    for (std::uint64_t video : sent.results.back().videos) CHECK(video != watch.started.video);
  }
  CHECK(sent.results.size() > 1000);
}
