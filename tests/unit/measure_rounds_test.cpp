#include <catch2/catch.hpp>

#include "measure/rounds.hpp"

using shmbus::measure::ratios;
using shmbus::measure::Rounds;

TEST_CASE("the median of rounds is the middle one, or half-way between the middle two", "[measure]") {
  CHECK(Rounds{}.median() == 0);
  CHECK(Rounds({3}).median() == 3);
  CHECK(Rounds({9, 1, 5}).median() == 5);
  CHECK(Rounds({8, 2, 4, 6}).median() == 5);
  CHECK(Rounds({9, 1, 5}).min() == 1);
  CHECK(Rounds({9, 1, 5}).max() == 9);
}

TEST_CASE("one bad round of five does not make a figure noisy, and two low and two high ones do", "[measure]") {
  CHECK_FALSE(Rounds({100, 101, 99, 100, 500}).noisy());
  CHECK(Rounds({100, 50, 200, 250, 60}).noisy());
  CHECK(Rounds({100, 100, 100}).spread() == 0);
  CHECK(Rounds({90, 100, 110}).spread() == Approx(0.1));
  CHECK(Rounds({90, 100, 110}).noisy(0.05));
  CHECK_FALSE(Rounds({0, 0}).noisy());
}

TEST_CASE("a ratio is taken round by round", "[measure]") {
  const Rounds result = ratios(Rounds({10, 40, 30}), Rounds({5, 10, 0}));
  CHECK(result.values() == std::vector<double>{2, 4, 0});
}
