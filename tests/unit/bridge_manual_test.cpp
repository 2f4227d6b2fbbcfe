// The manual page of shmbus-nats.

#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <toml++/toml.h>

#include "shmbus-nats/bridge_program.hpp"
#include "support/temporary_folder.hpp"

namespace {

std::string text_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// The keys of a configuration as the manual page names them; those of rules without the rule.
void append_keys(const toml::table& table, const std::string& prefix, std::vector<std::string>& to) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string{key.str()};
    if (const toml::table* inner = node.as_table()) {
      append_keys(*inner, name + '.', to);
    } else if (const toml::array* array = node.as_array(); array != nullptr && array->is_array_of_tables()) {
      append_keys(*array->front().as_table(), "", to);
    } else {
      to.push_back(name);
    }
  }
}

std::set<std::string> options_in(const std::string& text) {
  static const std::regex option{"--[a-z][a-z-]+"};
  return {std::sregex_token_iterator{text.begin(), text.end(), option}, std::sregex_token_iterator{}};
}

/// What the program prints, run in this process with standard output in a file.
std::string printed_by(std::vector<std::string> words) {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("output", "");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  const auto pipe_action = std::signal(SIGPIPE, SIG_DFL);  // the program ignores it
  std::fflush(stdout);
  const int before = ::dup(STDOUT_FILENO);
  std::FILE* file = std::fopen(path.c_str(), "w");
  REQUIRE(file != nullptr);
  ::dup2(::fileno(file), STDOUT_FILENO);
  const int status = shmbus::bridge::run_bridge(static_cast<int>(arguments.size()), arguments.data());
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  std::fclose(file);
  std::signal(SIGPIPE, pipe_action);
  CHECK(status == 0);
  return text_of(path);
}

}  // namespace

TEST_CASE("the manual page of shmbus-nats names every option of --help, and no other", "[bridge]") {
  const std::string page = std::regex_replace(text_of(SHMBUS_BRIDGE_SOURCES "/shmbus-nats.8"), std::regex{R"(\\-)"}, "-");
  const std::set<std::string> options = options_in(printed_by({"shmbus-nats", "--help"}));
  CHECK(options.size() == 5);
  CHECK(options_in(page) == options);
}

TEST_CASE("the manual page of shmbus-nats names every key of the example", "[bridge]") {
  const std::string page = text_of(SHMBUS_BRIDGE_SOURCES "/shmbus-nats.8");
  std::vector<std::string> keys;
  append_keys(toml::parse_file(SHMBUS_BRIDGE_SOURCES "/shmbus-nats.toml"), "", keys);
  CHECK(keys.size() == 29);
  for (const std::string& key : keys) {
    CAPTURE(key);
    CHECK_THAT(page, Catch::Contains(' ' + key + " \" = "));
  }
}
