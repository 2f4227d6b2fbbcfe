// The list from which a user chooses a bus, tested without a terminal.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "model/bus_list.hpp"
#include "model/line.hpp"

using namespace shmbus::top;
using namespace std::chrono_literals;

namespace {

std::vector<BusEntry> three() {
  return {{.name = "default", .topics = 3, .nodes = 2, .memory = 1536, .age = 136s},
          {.name = "streaming", .topics = 7, .nodes = 0},
          {.name = "torn", .problem = "bus 'torn': bad magic"}};
}

std::string text_of(BusList& list, Size size = {.height = 24, .width = 80}) {
  std::string all;
  for (const Line& line : list.frame(size, false).lines) all += text_of(line) + '\n';
  return all;
}

/// The name of the row that is chosen.
std::string selected(BusList& list) {
  for (const Line& line : list.frame({}, false).lines) {
    const std::string text = text_of(line);
    if (line.ground == Ground::chosen) return text.substr(0, text.find(' '));
  }
  return {};
}

}  // namespace

TEST_CASE("the list is skipped where there is at most one bus", "[top]") {
  CHECK(only_bus({}) == "default");
  CHECK(only_bus({"streaming"}) == "streaming");
  CHECK_FALSE(only_bus({"default", "streaming"}));
}

TEST_CASE("the list shows each bus with its numbers of topics and ports, or why it can't be read", "[top]") {
  BusList list{"default"};
  list.see(three());
  const std::string text = text_of(list);
  for (const char* part : {"choose a bus", "default ", "1.5KiB", "2m16s", "streaming", "bus 'torn': bad magic"})
    CHECK_THAT(text, Catch::Contains(part));
}

TEST_CASE("a bus is chosen by keys or by a second click, and stays selected when the list changes", "[top]") {
  BusList list{"streaming"};
  list.see(three());
  CHECK(selected(list) == "streaming");
  list.apply({Action::down});
  CHECK(selected(list) == "torn");
  list.apply({Action::first});
  CHECK(selected(list) == "default");
  auto more = three();
  more.insert(more.begin(), BusEntry{.name = "another"});
  list.see(more);
  CHECK(selected(list) == "default");
  list.see({more[0], more[2]});
  CHECK(selected(list) == "streaming");
  SECTION("Enter") {
    list.apply({Action::open});
    CHECK(list.chosen() == "streaming");
  }
  SECTION("clicks") {
    const Command click = list.frame({}, false).at(3, 2);
    list.apply(click);
    CHECK(selected(list) == "another");
    CHECK(list.chosen().empty());
    list.apply(click);
    CHECK(list.chosen() == "another");
  }
  SECTION("a filter and Enter, faster than the screen") {
    list.apply({Action::filter});
    list.type("a");
    list.type("n");
    list.end_typing(true);
    list.apply({Action::open});
    CHECK(list.chosen() == "another");
  }
  SECTION("quit") {
    list.apply({Action::quit});
    CHECK(list.quit());
  }
}

TEST_CASE("a list of buses is filtered while it is typed, and scrolls", "[top]") {
  BusList list{"default"};
  list.see(three());
  list.apply({Action::filter});
  REQUIRE(list.typing());
  for (const char* c : {"s", "t", "r"}) list.type(c);
  list.end_typing(true);
  CHECK(selected(list) == "streaming");
  CHECK_THAT(text_of(list), !Catch::Contains("default"));
  list.apply({Action::back});
  CHECK_THAT(text_of(list), Catch::Contains("default"));
  std::vector<BusEntry> many;
  for (int i = 10; i < 60; ++i) many.push_back({.name = "bus" + std::to_string(i)});
  list.see(many);
  list.apply({Action::last});
  CHECK(selected(list) == "bus59");
  for (const Size size : {Size{24, 80}, Size{5, 20}, Size{1, 1}})
    CHECK(list.frame(size, true).lines.size() == size.height);
  list.see({});
  CHECK_THAT(text_of(list), Catch::Contains("waiting for one"));
  list.apply({Action::open});
  CHECK(list.chosen().empty());
}
