#include <catch2/catch.hpp>

#include "reactions/preferences.hpp"
#include "support/watches.hpp"

using namespace streaming;

TEST_CASE("a user's preferred genres are those with most stars", "[streaming][preferences]") {
  const Movies movies = test::some_movies();
  test::Sent<PreferencesUpdated> sent;
  StateDatabase state({}, "test");
  Preferences preferences(state, movies, sent.send());
  test::Viewers viewers(preferences);
  viewers.watch(7, 3, 4.5);  // Crime
  viewers.watch(7, 1, 1);    // Adventure, Comedy
  viewers.watch(7, 3, 4.5);
  const PreferencesUpdated& update = sent.results.back();
  CHECK(update.user == 7);
  CHECK(update.cause == 2);
  CHECK(update.genres[0].genre.view() == "Crime");
  CHECK(update.genres[0].percent == 69);  // 9 of 13 half stars
  CHECK(update.genres[1].genre.view() == "Adventure");
  CHECK(update.genres[2].genre.view() == "Comedy");
}

TEST_CASE("preferences are published when their order changes", "[streaming][preferences]") {
  const Movies movies = test::some_movies();
  test::Sent<PreferencesUpdated> sent;
  StateDatabase state({}, "test");
  Preferences preferences(state, movies, sent.send());
  test::Viewers viewers(preferences);
  viewers.watch(7, 3);
  viewers.watch(7, 3);
  CHECK(sent.results.size() == 1);
  viewers.watch(8, 3, 0);  // a watch without stars changes no preference
  CHECK(sent.results.size() == 1);
  viewers.watch(7, 1, 5);
  viewers.watch(7, 1, 5);
  CHECK(sent.results.back().genres[0].genre.view() == "Adventure");
  CHECK(sent.results.back().genres[2].genre.view() == "Crime");
  CHECK(test::result(preferences, "changes of taste") == sent.results.size());
}
