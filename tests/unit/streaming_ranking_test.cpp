#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "reactions/ranking.hpp"
#include "support/watches.hpp"

using namespace streaming;

TEST_CASE("the most watched video is first", "[streaming][ranking]") {
  test::Sent<RankingChanged> sent;
  StateDatabase state({}, "test");
  Ranking ranking(state, sent.send());
  test::Viewers viewers(ranking);
  viewers.watch(1, 10);
  viewers.watch(1, 20);
  viewers.watch(2, 20);
  CHECK(test::result(ranking, "first now video") == 20);
  REQUIRE(sent.results.size() == 2);  // the third watch changed no place: its video was first already
  CHECK(sent.results[1].videos[0].video == 20);
  CHECK(sent.results[1].videos[1].video == 10);
  CHECK(sent.results[1].videos[2].video == 0);
}

TEST_CASE("old watches count less and less", "[streaming][ranking]") {
  test::Sent<RankingChanged> sent;
  StateDatabase state({}, "test");
  Ranking ranking(state, sent.send());
  test::Viewers viewers(ranking);
  for (int i = 0; i < 100; ++i) viewers.watch(1, 10);
  for (std::uint64_t i = 0; i < 10 * static_cast<std::uint64_t>(Ranking::half_life); ++i) viewers.watch(1, 1000 + i);
  for (int i = 0; i < 5; ++i) viewers.watch(1, 20);
  CHECK(test::result(ranking, "first now video") == 20);
}

TEST_CASE("the ranking is what sorting all scores would give", "[streaming][ranking]") {
  test::Sent<RankingChanged> sent;
  StateDatabase state({}, "test");
  Ranking ranking(state, sent.send());
  std::vector<std::uint64_t> watched;
  for (const Watch& watch : test::made_up_watches(120'000, 5)) {  // long enough to age all scores once
    watched.push_back(watch.started.video);
    ranking.react(watch);
  }
  std::vector<double> scores(10'001);
  double weight = 1;
  for (auto video = watched.rbegin(); video != watched.rend() && weight > 1e-15;
       ++video, weight *= std::exp2(-1 / Ranking::half_life)) {
    scores[*video] += weight;
  }
  const auto first = std::max_element(scores.begin(), scores.end()) - scores.begin();
  CHECK(test::result(ranking, "first now video") == static_cast<std::uint64_t>(first));
  const auto& top = sent.results.back().videos;
  CHECK(std::is_sorted(top.begin(), top.end(), [](const auto& a, const auto& b) { return a.score > b.score; }));
}
