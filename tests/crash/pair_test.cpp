// Two processes die or stop, each at one crash point: at one time, or the second while it repairs what the first left.

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <random>

#include "crash/planned_faults.hpp"

using crash::Fault;

namespace {

struct Tally {
  unsigned pairs = 0;
  unsigned both = 0;
};

void play_pair(const Fault& first, const Fault& second, unsigned publishers, Tally& tally) {
  const auto text = [](const Fault& fault) {
    return std::string(fault.role->name) + (fault.signal == SIGSTOP ? " stopped at " : " killed at ") + fault.point;
  };
  INFO(text(first) << ", " << (second.late ? "then " : "beside ") << text(second) << ", " << publishers
                   << " publishers");
  try {
    const auto met = crash::play({first, second}, publishers);
    ++tally.pairs;
    tally.both += met[0] && met[1];
  } catch (const std::exception& error) {
    // A role whose trap is missed leaves nothing to meet; the tests of single faults say so.
    const std::string_view what = error.what();
    if (what.starts_with("a trap was not met"))
      ++tally.pairs;
    else
      FAIL_CHECK(what);
  }
}

void print(const Tally& tally) {
  std::cout << "pairs of points: " << tally.pairs << ", both met: " << tally.both << std::endl;
}

void check_sample(unsigned pairs) {
  const auto faults = crash::faults_at_all_points(SIGKILL, 3);
  std::mt19937 random{Catch::rngSeed()};
  Tally tally;
  for (unsigned i = 0; i < pairs; ++i) {
    Fault first = faults[random() % faults.size()], second = faults[random() % faults.size()];
    second.late = random() % 2 == 0;
    if (random() % 4 == 0 && !crash::holds_back(*first.role)) first.signal = SIGSTOP;
    play_pair(first, second, 1u << random() % 3, tally);
  }
  print(tally);
  CHECK(tally.both > tally.pairs / 4);
}

}  // namespace

TEST_CASE("two deaths at any points do others no harm: a sample", "[pair]") { check_sample(100); }
TEST_CASE("two deaths at any points do others no harm: a large sample", "[pair][long]") { check_sample(600); }

// tests/crash/sweep runs all pairs.
TEST_CASE("two deaths at any points do others no harm: all pairs of a part", "[.sweep]") {
  const auto number = [](const char* name, std::size_t otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
  };
  const std::size_t part = number("SHMBUS_PART", 1), parts = number("SHMBUS_PARTS", 1);
  const auto faults = crash::faults_at_all_points(SIGKILL, 1);
  Tally tally;
  for (std::size_t i = part - 1; i < faults.size() * faults.size(); i += parts) {
    Fault second = faults[i % faults.size()];
    second.late = i % 2 == 0;
    play_pair(faults[i / faults.size()], second, 2, tally);
    if (tally.pairs % 1000 == 0) print(tally);
  }
  print(tally);
}

// Repeats one pair: SHMBUS_PAIR="<role>@<point>[@stop]+<role>@<point>[@late]", SHMBUS_PUBLISHERS, SHMBUS_TIMES.
TEST_CASE("the pair that the environment names", "[.scene]") {
  const char* pair = std::getenv("SHMBUS_PAIR");
  REQUIRE(pair != nullptr);
  const auto fate_of = [](const std::string& text) {
    const std::size_t at = text.find('@'), end = text.find('@', at + 1);
    Fault fault{.role = &crash::role(text.substr(0, at)), .point = text.substr(at + 1, end - at - 1)};
    if (end != std::string::npos && text.substr(end + 1) == "stop") fault.signal = SIGSTOP;
    if (end != std::string::npos && text.substr(end + 1) == "late") fault.late = true;
    return fault;
  };
  const std::string text = pair;
  const std::size_t plus = text.find('+');
  REQUIRE(plus != std::string::npos);
  const char* publishers = std::getenv("SHMBUS_PUBLISHERS");
  const char* times = std::getenv("SHMBUS_TIMES");
  Tally tally;
  for (int i = 0; i < (times != nullptr ? std::atoi(times) : 1); ++i) {
    play_pair(fate_of(text.substr(0, plus)), fate_of(text.substr(plus + 1)),
              publishers != nullptr ? static_cast<unsigned>(std::atoi(publishers)) : 2, tally);
  }
  print(tally);
}
