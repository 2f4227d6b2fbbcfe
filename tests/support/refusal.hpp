#pragma once

#include <catch2/catch.hpp>
#include <string>

#include "shmbus/error.hpp"

namespace test {

/// The expected error for bad input: its code, and phrases that the parts of its text must hold.
struct Refusal {
  shmbus::ErrorCode code;
  std::string object;
  std::string expected{};
  std::string found{};
};

/// Checks that `use` is refused with this error, and that the error says what to do.
template <class Use>
void expect_refusal(const Refusal& refusal, Use use) {
  try {
    use();
  } catch (const shmbus::Error& error) {
    INFO(error.what());
    CHECK(to_string(error.code()) == std::string{to_string(refusal.code)});
    CHECK_THAT(error.object(), Catch::Contains(refusal.object));
    CHECK_THAT(error.expected(), Catch::Contains(refusal.expected));
    CHECK_THAT(error.found(), Catch::Contains(refusal.found));
    for (const std::string* part : {&error.object(), &error.found(), &error.remedy()}) CHECK(!part->empty());
    for (const std::string* part : {&error.object(), &error.expected(), &error.found(), &error.remedy()})
      CHECK_THAT(error.what(), Catch::Contains(*part));
    for (const char c : std::string{error.what()}) CHECK((c >= ' ' && c != 127));
    return;
  }
  FAIL_CHECK("accepted: " << refusal.object);
}

}  // namespace test
