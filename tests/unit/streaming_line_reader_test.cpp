#include <catch2/catch.hpp>

#include <string>
#include <string_view>
#include <vector>

#include "common/line_reader.hpp"
#include "support/temporary_folder.hpp"

using namespace streaming;

namespace {

std::vector<std::string> lines_of(std::string_view content) {
  const test::TemporaryFolder folder;
  LineReader reader(folder.write("input", content));
  std::vector<std::string> lines;
  for (std::string_view line; reader.next(line);) lines.emplace_back(line);
  CHECK(reader.number() == lines.size());
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a line ends with a line feed, or a carriage return and a line feed", "[streaming][lines]") {
  CHECK(lines_of("") == Lines{});
  CHECK(lines_of("a\nb\n") == Lines{"a", "b"});
  CHECK(lines_of("a\r\nb\r\n") == Lines{"a", "b"});
  CHECK(lines_of("a\n\nb") == Lines{"a", "", "b"});
  CHECK(lines_of("\n") == Lines{""});
}

TEST_CASE("a byte order mark is no part of the first line", "[streaming][lines]") {
  CHECK(lines_of("\xEF\xBB\xBFuserId\n\xEF\xBB\xBF") == Lines{"userId", "\xEF\xBB\xBF"});
}

TEST_CASE("lines longer than the buffer lose their ends and nothing else", "[streaming][lines]") {
  const std::string longest(LineReader::longest_line, 'x');
  const std::string much(1'000'000, 'x');
  for (const char* tail : {"", "\n"}) {
    const Lines lines = lines_of("first\n" + much + "\nsecond\n" + much + tail);
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] == "first");
    CHECK(lines[1].size() >= longest.size());
    CHECK(lines[2] == "second");
    CHECK(lines[3].size() >= longest.size());
  }
  CHECK(lines_of(longest + "\nnext\n").size() == 2);
  CHECK(lines_of(longest).size() == 1);
}

TEST_CASE("many lines arrive complete and in order", "[streaming][lines]") {
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += std::to_string(i) + "\n";
  const Lines lines = lines_of(content);
  REQUIRE(lines.size() == 100'000);
  for (std::size_t i = 0; i < lines.size(); ++i) REQUIRE(lines[i] == std::to_string(i));
}

TEST_CASE("a file that cannot be read is named, with the reason", "[streaming][lines]") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(LineReader(folder.file("missing.csv")),
                    Catch::Contains("missing.csv") && Catch::Contains("No such file or directory"));
  LineReader directory(folder.file(""));
  std::string_view line;
  CHECK_THROWS_WITH(directory.next(line), Catch::Contains("Is a directory"));
}

TEST_CASE("rows are counted without the header and without empty lines", "[streaming][lines]") {
  const test::TemporaryFolder folder;
  CHECK(count_rows(folder.write("a", "header\n1\n\n2")) == 2u);
  CHECK(count_rows(folder.write("b", "")) == 0u);
  CHECK_FALSE(count_rows("/dev/null"));  // not an ordinary file: it can be read only once
}
