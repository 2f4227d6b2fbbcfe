#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "common/csv.hpp"
#include "common/watch_generator.hpp"
#include "common/watch_reader.hpp"
#include "support/text_lines.hpp"

using namespace streaming;

namespace {

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> fields;
  RowProblem problem;
  REQUIRE(split_row(line, fields, problem));
  return fields;
}

RowProblem problem_of(std::string_view line) {
  std::vector<std::string> fields;
  RowProblem problem;
  REQUIRE_FALSE(split_row(line, fields, problem));
  return problem;
}

RowProblem refusal_of(std::vector<std::string> row) {
  RowProblem problem;
  REQUIRE_FALSE(parse_watch(row, problem));
  return problem;
}

}  // namespace

TEST_CASE("a row is split at its commas", "[streaming][csv]") {
  CHECK(split("1,318,4.0,964982703") == std::vector<std::string>{"1", "318", "4.0", "964982703"});
  CHECK(split("1,,") == std::vector<std::string>{"1", "", ""});
  CHECK(split("") == std::vector<std::string>{""});
}

TEST_CASE("a quoted field may hold commas and doubled quotes", "[streaming][csv]") {
  CHECK(split("11,\"American President, The (1995)\",Comedy|Drama") ==
        std::vector<std::string>{"11", "American President, The (1995)", "Comedy|Drama"});
  CHECK(split("7789,\"11'09\"\"01 - September 11 (2002)\",Drama") ==
        std::vector<std::string>{"7789", "11'09\"01 - September 11 (2002)", "Drama"});
  CHECK(split("\"\",\"\"\"\"") == std::vector<std::string>{"", "\""});
}

TEST_CASE("a quote out of place is named", "[streaming][csv]") {
  CHECK(problem_of("1,\"open").expected == "a closing quote");
  CHECK(problem_of("1,\"open").found == "'open'");
  CHECK(problem_of("1,\"a\"b,2").expected == "a comma after the closing quote");
}

TEST_CASE("columns are found by their names in the header", "[streaming][csv]") {
  test::TextLines lines("ratings.csv", {"timestamp,extra,movieId,userId,rating", "964982703,x,318,1,4.5"});
  WatchReader watches(lines);
  REQUIRE(watches.next());
  const auto watch = watches.parse();
  REQUIRE(watch);
  CHECK(watch->user == 1);
  CHECK(watch->video == 318);
  CHECK(watch->time == 964982703);
  CHECK(watch->rating == 4.5);
  CHECK_FALSE(watches.next());
}

TEST_CASE("a file without the header names the columns that are expected", "[streaming][csv]") {
  test::TextLines data("ratings.csv", {"1,318,4.0,964982703"});
  CHECK_THROWS_WITH(WatchReader(data),
                    Catch::Contains("ratings.csv, line 1") &&
                        Catch::Contains("expected a header with the columns userId, movieId, rating, timestamp") &&
                        Catch::Contains("found '1,318,4.0,964982703'"));
  test::TextLines nothing("empty.csv", {});
  CHECK_THROWS_WITH(WatchReader(nothing), Catch::Contains("found none"));
}

TEST_CASE("a malformed row is skipped and counted, and the next one is read", "[streaming][csv]") {
  test::TextLines lines("ratings.csv", {"userId,movieId,rating,timestamp", "1,2,3,4", "one,2,3,4", "1,2,3", "",
                                        "1,2,3,4,5", "1,\"2,3,4", "5,6,1,8"});
  WatchReader watches(lines);
  std::vector<std::uint64_t> users;
  while (watches.next()) {
    if (const auto watch = watches.parse()) users.push_back(watch->user);
  }
  CHECK(users == std::vector<std::uint64_t>{1, 5});
  CHECK(watches.malformed() == 4);
}

TEST_CASE("an error in a row names the column", "[streaming][csv]") {
  CHECK(refusal_of({"one", "2", "3", "4"}).expected == "a userId, a whole number from 1");
  CHECK(refusal_of({"one", "2", "3", "4"}).found == "'one'");
  CHECK(refusal_of({"0", "2", "3", "4"}).expected == "a userId, a whole number from 1");
  CHECK(refusal_of({"-1", "2", "3", "4"}).found == "'-1'");
  CHECK(refusal_of({"18446744073709551616", "2", "3", "4"}).found == "'18446744073709551616'");
  CHECK(refusal_of({"1", "2.5", "3", "4"}).expected == "a movieId, a whole number from 1");
  CHECK(refusal_of({"1", "2", "nan", "4"}).expected == "a rating from 0 to 5");
  CHECK(refusal_of({"1", "2", "5.5", "4"}).found == "'5.5'");
  CHECK(refusal_of({"1", "2", "3", "today"}).expected == "a timestamp in whole seconds since 1970");
  CHECK(refusal_of({"1", "2", "3", ""}).found == "''");
}

TEST_CASE("text from the input is shortened and cannot control the terminal", "[streaming][csv]") {
  CHECK(streaming::quoted("a\x1b[2Jb") == "'a?[2Jb'");
  CHECK(streaming::quoted(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...'");
}

TEST_CASE("the same seed generates the same watches", "[streaming][csv]") {
  const auto make = [](std::uint64_t seed) {
    WatchGenerator lines(1000, seed);
    WatchReader watches(lines);
    std::vector<std::uint64_t> videos;
    while (watches.next()) videos.push_back(watches.parse().value().video);
    CHECK(watches.malformed() == 0);
    return videos;
  };
  CHECK(make(1).size() == 1000);
  CHECK(make(1) == make(1));
  CHECK(make(1) != make(2));
}
