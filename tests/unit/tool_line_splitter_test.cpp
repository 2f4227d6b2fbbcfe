#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "line_splitter.hpp"

using shmbus::tool::LineSplitter;

namespace {

/// The lines of `text`, which arrives in pieces of `size` bytes; an unfinished line comes last.
std::vector<std::string> split(std::string_view text, std::size_t size) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    splitter.pending() += text.substr(0, size);
    splitter.take_lines([&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
  }
  lines.emplace_back(splitter.rest());
  return lines;
}

}  // namespace

TEST_CASE("lines are the same however the bytes arrive", "[tool]") {
  const std::string text = "one\n\ntwo\r\n\n three";
  const std::vector<std::string> lines = {"one", "", "two\r", "", " three"};
  for (std::size_t size = 1; size <= text.size(); ++size) {
    CAPTURE(size);
    CHECK(split(text, size) == lines);
  }
}

TEST_CASE("when a line is refused, splitting stops and the following lines are kept", "[tool]") {
  LineSplitter splitter;
  splitter.pending() = "a\nb\nc\n";
  std::vector<std::string> lines;
  CHECK_FALSE(splitter.take_lines([&](std::string_view line) {
    lines.emplace_back(line);
    return line != "b";
  }));
  CHECK(lines == std::vector<std::string>{"a", "b"});
  CHECK(splitter.rest() == "c\n");
  CHECK(splitter.take_lines([&](std::string_view line) {
    lines.emplace_back(line);
    return true;
  }));
  CHECK(lines == std::vector<std::string>{"a", "b", "c"});
  CHECK(splitter.rest().empty());
}
