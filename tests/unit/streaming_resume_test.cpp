#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include "common/state_file.hpp"
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
std::unique_ptr<Kind> make() {
  if constexpr (std::is_constructible_v<Kind, const Movies&, decltype([](const auto&) {})>) {
    return std::make_unique<Kind>(movies(), [](const auto&) {});
  } else {
    return std::make_unique<Kind>([](const auto&) {});
  }
}

}  // namespace

// A killed service reads again what came after its last saved state. `seen` is how many watches it had handled.
TEMPLATE_TEST_CASE("a reaction that resumes from a saved state comes to the same results", "[streaming][resume]",
                   Analytics, Badges, Notices, Preferences, Ranking, Recommendations) {
  const test::TemporaryFolder folder;
  const StateFile file(folder.file("state"), "service");
  const std::vector<Watch> watches = test::made_up_watches(5000, 11);
  for (const std::size_t saved : {std::size_t{0}, std::size_t{1}, std::size_t{2500}, std::size_t{5000}}) {
    const auto through = make<TestType>();
    const auto killed = make<TestType>();
    for (std::size_t i = 0; i < watches.size(); ++i) {
      if (i == saved) file.save({.sequence = saved}, *killed);
      through->react(watches[i]);
      killed->react(watches[i]);
    }
    if (saved == watches.size()) file.save({.sequence = saved}, *killed);

    const auto resumed = make<TestType>();
    StreamPosition position;
    REQUIRE(file.load(position, *resumed));
    for (std::size_t i = position.sequence; i < watches.size(); ++i) resumed->react(watches[i]);
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
