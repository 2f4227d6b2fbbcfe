// The manual pages and the completions of shmbus and shmbus-top agree with their --help.

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
const std::string top_sources = SHMBUS_TOP_SOURCES;

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

std::set<std::string> without_dashes(const std::set<std::string>& options) {
  std::set<std::string> names;
  for (const std::string& option : options) names.insert(option.substr(2));
  return names;
}

std::set<std::string> verbs() {
  const std::string help = test::run({SHMBUS_TOOL, "--help"}).out;
  const std::string list = help.substr(help.find("ls  "), help.find("First steps") - help.find("ls  "));
  return all_matches("\n  " + list, "\n  ([a-z]+) ");
}

std::set<std::string> options_in(const std::string& help) { return all_matches(help, "\n  (?:[^ ]*,)?(--[a-z-]+)"); }

std::set<std::string> options_of(const std::string& verb) {
  return options_in(test::run({SHMBUS_TOOL, verb, "--help"}).out);
}

std::string read_page(const std::string& path) {
  return std::regex_replace(read_file(path), std::regex{R"(\\-)"}, "-");
}

/// What bash would offer: the file's `function` completes the program's words.
std::string complete_by(const std::string& program, const std::string& file, const std::string& function,
                        const std::string& words) {
  const std::string script = "PATH=\"$(dirname \"$1\"):$PATH\"; source \"$2\"; COMP_WORDS=(" + words +
                             "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); " + function +
                             "; printf '%s ' \"${COMPREPLY[@]}\"";
  const Finished finished = test::run({"/bin/bash", "-c", script, "bash", program, file});
  CHECK(finished.err == "");
  CHECK(finished.end == End{});
  return ' ' + finished.out;
}

std::string complete(const std::string& words, const std::string& bus = {}) {
  if (!bus.empty()) ::setenv("SHMBUS_BUS", bus.c_str(), 1);
  const std::string offered = complete_by(SHMBUS_TOOL, sources + "/shmbus.bash", "_shmbus", words);
  ::unsetenv("SHMBUS_BUS");
  return offered;
}

std::string complete_top(const std::string& words) {
  return complete_by(SHMBUS_TOP, top_sources + "/shmbus-top.bash", "_shmbus_top", words);
}

}  // namespace

TEST_CASE("the manual pages are well-formed", "[tool][top]") {
  if (test::run({"/bin/bash", "-c", "command -v groff"}).end != End{}) {
    WARN("skipped: needs groff");
    return;
  }
  for (const std::string& page : {sources + "/shmbus.1", top_sources + "/shmbus-top.1"}) {
    const Finished finished = test::run({"/usr/bin/groff", "-man", "-ww", "-z", "-Tutf8", page});
    CHECK(finished.end == End{});
    CHECK(finished.err == "");
  }
}

TEST_CASE("the manual page names every verb and option, and no other option", "[tool]") {
  const std::string page = read_page(sources + "/shmbus.1");
  REQUIRE(verbs().size() == 23);
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

TEST_CASE("top's manual page and completion name every option, and no other option", "[top]") {
  const std::set<std::string> options = options_in(test::run({SHMBUS_TOP, "--help"}).out);
  REQUIRE(options.size() == 12);
  CHECK(all_matches(read_page(top_sources + "/shmbus-top.1"), "(--[a-z][a-z-]*)") == options);
  CHECK(all_matches(complete_top("shmbus-top -"), "(--[a-z-]+)") == options);
  CHECK(all_matches(read_file(top_sources + "/shmbus-top.zsh"), "(--[a-z-]+)[\\['}]") == options);
  CHECK(all_matches(read_file(top_sources + "/shmbus-top.fish"), " -l ([a-z-]+)") == without_dashes(options));
  CHECK(complete_top("shmbus-top --pane p") == " publishers ");
  const test::Tool tool;
  const shmbus::Bus bus = shmbus::Bus::open(tool.bus.name());
  CHECK(complete_top("shmbus-top " + tool.bus.name()) == " " + tool.bus.name() + " ");
}

TEST_CASE("the completions for zsh and fish name every verb and option, and no other option", "[tool]") {
  const std::string zsh = read_file(sources + "/shmbus.zsh"), fish = read_file(sources + "/shmbus.fish");
  std::set<std::string> known{"--help", "--version", "--bus"};
  for (const std::string& verb : verbs()) {
    CAPTURE(verb);
    CHECK_THAT(zsh, Catch::Contains("'" + verb + ":"));
    CHECK_THAT(fish, Catch::Contains(" -a " + verb + " -d"));
    for (const std::string& option : options_of(verb)) known.insert(option);
  }
  for (const std::string& option : known) {
    CAPTURE(option);
    CHECK_THAT(zsh, Catch::Contains(option));
    CHECK(all_matches(fish, "complete [^\n]* -l ([a-z-]+)").count(option.substr(2)) == 1);
  }
  for (const std::string& option : all_matches(zsh, "(--[a-z][a-z-]*)")) {
    CAPTURE(option);
    CHECK((known.count(option) == 1 || option == "--bus"));
  }
  for (const std::string& option : all_matches(fish, "complete [^\n]* -l ([a-z-]+)")) CHECK(known.count("--" + option) == 1);
}

TEST_CASE("zsh and fish can read their completions", "[tool]") {
  for (const char* shell : {"zsh", "fish"}) {
    if (test::run({"/bin/bash", "-c", std::string{"command -v "} + shell}).end != End{}) {
      WARN("skipped: needs " << shell);
      continue;
    }
    CHECK(test::run({"/usr/bin/env", shell, "-n", sources + "/shmbus." + shell}).end == End{});
  }
}
