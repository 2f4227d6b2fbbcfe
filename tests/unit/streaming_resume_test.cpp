#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "common/state_database.hpp"
#include "common/stream_hash.hpp"
#include "reactions/analytics.hpp"
#include "reactions/badges.hpp"
#include "reactions/notices.hpp"
#include "reactions/preferences.hpp"
#include "reactions/ranking.hpp"
#include "reactions/recommendations.hpp"
#include "support/temporary_folder.hpp"
#include "support/watches.hpp"

using namespace streaming;

namespace {

const Movies& movies() {
  static const Movies made_up;
  return made_up;
}

template <class Kind>
std::unique_ptr<Kind> make(StateDatabase& state) {
  if constexpr (std::is_constructible_v<Kind, StateDatabase&, const Movies&, decltype([](const auto&) {})>) {
    return std::make_unique<Kind>(state, movies(), [](const auto&) {});
  } else {
    return std::make_unique<Kind>(state, [](const auto&) {});
  }
}

}  // namespace

// A killed service reads again what came after its last commit. `saved` is how many watches it had handled by then.
TEMPLATE_TEST_CASE("a reaction that resumes from its state comes to the same results", "[streaming][resume]", Analytics,
                   Badges, Notices, Preferences, Ranking, Recommendations) {
  const std::vector<Watch> watches = test::made_up_watches(2000, 11);
  const auto react = [&](Reaction& reaction, std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) reaction.react(watches[i]);
  };
  StateDatabase never_killed({}, "service");
  const auto through = make<TestType>(never_killed);
  react(*through, 0, watches.size());

  for (const std::size_t saved : {std::size_t{0}, std::size_t{1}, std::size_t{1000}, std::size_t{2000}}) {
    const test::TemporaryFolder folder;
    {
      StateDatabase state(folder.file("state"), "service");
      const auto killed = make<TestType>(state);
      react(*killed, 0, saved);
      state.commit();
      react(*killed, saved, watches.size());
    }
    StateDatabase state(folder.file("state"), "service");
    const auto resumed = make<TestType>(state);
    react(*resumed, saved, watches.size());
    CHECK(resumed->results() == through->results());
  }
}

TEST_CASE("the hash depends on each watch and on their order", "[streaming][resume]") {
  const std::vector<Watch> watches = test::made_up_watches(100, 1);
  const auto hash_of = [](const std::vector<Watch>& stream) {
    StreamHash hash;
    for (const Watch& watch : stream) hash.add(watch.sequence, watch.started);
    return hash.value();
  };
  const std::uint64_t all = hash_of(watches);
  CHECK(hash_of(watches) == all);
  std::vector<Watch> swapped = watches;
  std::swap(swapped[10], swapped[11]);
  CHECK(hash_of(swapped) != all);
  std::vector<Watch> fewer(watches.begin(), watches.end() - 1);
  CHECK(hash_of(fewer) != all);
  std::vector<Watch> other = watches;
  ++other[50].started.video;
  CHECK(hash_of(other) != all);
}
