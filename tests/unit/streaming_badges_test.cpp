#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "reactions/badges.hpp"
#include "support/watches.hpp"

using namespace streaming;

namespace {

std::vector<std::string> names(const std::vector<BadgeAwarded>& badges) {
  std::vector<std::string> names;
  for (const BadgeAwarded& badge : badges) names.emplace_back(badge.badge.view());
  return names;
}

}  // namespace

TEST_CASE("a badge is awarded once, when its threshold is reached", "[streaming][badges]") {
  const Movies movies = test::some_movies();
  test::Sent<BadgeAwarded> sent;
  StateDatabase state({}, "test");
  Badges badges(state, movies, sent.send());
  test::Viewers viewers(badges);
  for (int i = 0; i < 60; ++i) viewers.watch(7, 1);
  CHECK(names(sent.results) == std::vector<std::string>{"newcomer", "regular", "enthusiast"});
  CHECK(sent.results[1].cause == 10);
  CHECK(sent.results[1].user == 7);
  CHECK(sent.results[1].watched == 10);
  viewers.watch(8, 1);
  CHECK(names(sent.results).back() == "newcomer");
  CHECK(test::result(badges, "badges") == 4);
  CHECK(test::result(badges, "users") == 2);
}

TEST_CASE("a user that has seen ten genres is an explorer", "[streaming][badges]") {
  const Movies movies;
  test::Sent<BadgeAwarded> sent;
  StateDatabase state({}, "test");
  Badges badges(state, movies, sent.send());
  test::Viewers viewers(badges);
  for (std::uint64_t video = 1; video < 200; ++video) viewers.watch(7, video);
  const std::vector<std::string> awarded = names(sent.results);
  CHECK(std::count(awarded.begin(), awarded.end(), "explorer") == 1);
}
