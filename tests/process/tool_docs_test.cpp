// The manual page and the completion of the command-line tool say what its --help says.

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "shmbus/bus.hpp"
#include "support/child_process.hpp"
#include "tool_fixture.hpp"

using test::End;
using test::Finished;

namespace {

const std::string sources = SHMBUS_TOOL_SOURCES;

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::set<std::string> all_matches(const std::string& text, const char* pattern) {
  std::set<std::string> found;
  const std::regex regex{pattern};
  for (std::sregex_iterator i{text.begin(), text.end(), regex}; i != std::sregex_iterator{}; ++i) found.insert((*i)[1]);
  return found;
}

std::set<std::string> verbs() {
  const std::string help = test::run({SHMBUS_TOOL, "--help"}).out;
  const std::string list = help.substr(help.find("ls  "), help.find("First steps") - help.find("ls  "));
  return all_matches("\n  " + list, "\n  ([a-z]+) ");
}

std::set<std::string> options_of(const std::string& verb) {
  return all_matches(test::run({SHMBUS_TOOL, verb, "--help"}).out, "\n  (?:-[a-z],)?(--[a-z-]+)");
}

/// What bash would offer.
std::string complete(const std::string& words, const std::string& bus = {}) {
  const std::string script = "PATH=\"$(dirname \"$1\"):$PATH\"; source \"$2\"; COMP_WORDS=(" + words +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _shmbus; printf '%s ' \"${COMPREPLY[@]}\"";
  if (!bus.empty()) ::setenv("SHMBUS_BUS", bus.c_str(), 1);
  const Finished finished = test::run({"/bin/bash", "-c", script, "bash", SHMBUS_TOOL, sources + "/shmbus.bash"});
  ::unsetenv("SHMBUS_BUS");
  CHECK(finished.err == "");
  CHECK(finished.end == End{});
  return ' ' + finished.out;
}

}  // namespace

TEST_CASE("the manual page is well-formed", "[tool]") {
  if (test::run({"/bin/bash", "-c", "command -v groff"}).end != End{}) {
    WARN("skipped: needs groff");
    return;
  }
  const Finished finished = test::run({"/usr/bin/groff", "-man", "-ww", "-z", "-Tutf8", sources + "/shmbus.1"});
  CHECK(finished.end == End{});
  CHECK(finished.err == "");
}

TEST_CASE("the manual page names every verb and option, and no other option", "[tool]") {
  std::string page = read_file(sources + "/shmbus.1");
  page = std::regex_replace(page, std::regex{R"(\\-)"}, "-");
  REQUIRE(verbs().size() == 13);
  std::set<std::string> known{"--help", "--version", "--bus"};
  for (const std::string& verb : verbs()) {
    CAPTURE(verb);
    CHECK_THAT(page, Catch::Contains(".SS shmbus " + verb));
    for (const std::string& option : options_of(verb)) {
      CAPTURE(option);
      CHECK_THAT(page, Catch::Contains(option));
      known.insert(option);
    }
  }
  for (const std::string& option : all_matches(page, "(--[a-z][a-z-]*)")) {
    CAPTURE(option);
    CHECK(known.count(option) == 1);
  }
}

TEST_CASE("completion offers every verb and option, and the names of topics and buses", "[tool]") {
  const std::string offered = complete("shmbus ''");
  for (const std::string& verb : verbs()) {
    CAPTURE(verb);
    CHECK_THAT(offered, Catch::Contains(" " + verb + " "));
    const std::string options = complete("shmbus " + verb + " -");
    for (const std::string& option : options_of(verb)) {
      CAPTURE(option);
      CHECK_THAT(options, Catch::Contains(" " + option + " "));
    }
  }
  const test::Tool tool;
  shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  bus.topic("some.topic");
  CHECK(complete("shmbus --bus " + tool.bus.name() + " sub so") == " some.topic ");
  CHECK(complete("shmbus info ''", tool.bus.name()) == " some.topic ");
  CHECK_THAT(complete("shmbus ls --bus ''"), Catch::Contains(" " + tool.bus.name() + " "));
}
