#include <catch2/catch.hpp>

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "printable_text.hpp"
#include "quantity_text.hpp"

using namespace shmbus::tool;
using namespace std::string_literals;

TEST_CASE("text is well-formed UTF-8", "[tool]") {
  CHECK(is_text(""));
  CHECK(is_text("hello\tworld\r\n"));
  CHECK(is_text("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x9a\x80"));    // two, three and four bytes
  CHECK(is_text("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"));  // the bounds around the surrogates, and the last
  CHECK_FALSE(is_text("\x80"));                                // continuation without a lead
  CHECK_FALSE(is_text("\xc3"));                                // cut off
  CHECK_FALSE(is_text("\xe2\x82"));
  CHECK_FALSE(is_text("\xc3("));     // lead without a continuation
  CHECK_FALSE(is_text("\xc0\xaf"));  // overlong
  CHECK_FALSE(is_text("\xe0\x80\xaf"));
  CHECK_FALSE(is_text("\xf0\x80\x80\xaf"));
  CHECK_FALSE(is_text("\xed\xa0\x80"));      // a surrogate
  CHECK_FALSE(is_text("\xf4\x90\x80\x80"));  // past the last code point
  CHECK_FALSE(is_text("\xff"));
}

TEST_CASE("text holds no control characters that could control a terminal", "[tool]") {
  CHECK_FALSE(is_text("\x1b[2J"));
  CHECK_FALSE(is_text("\x7f"));
  CHECK_FALSE(is_text("\xc2\x9b"));  // CSI in one character
  CHECK(is_text("\xc2\xa0"));        // the first after the C1 controls
}

TEST_CASE("a struct of small numbers is not text", "[tool]") { CHECK_FALSE(is_text("\x2a\0\0\0\0\0\0\0"s)); }

TEST_CASE("printable text is on one line and shows control characters as escapes", "[tool]") {
  CHECK(printable("topic 'caf\xc3\xa9'") == "topic 'caf\xc3\xa9'");
  CHECK(printable("a\nb\x1b[0m") == "a\\x0ab\\x1b[0m");
  CHECK(printable("\xff\xc2\x9b") == "\\xff\\xc2\\x9b");
}

TEST_CASE("hexadecimal is grouped by eight bytes", "[tool]") {
  const auto encode = [](std::string_view text) { return hex(std::as_bytes(std::span{text})); };
  CHECK(encode("") == "");
  CHECK(encode("\x01\xab") == "01ab");
  CHECK(encode("12345678") == "3132333435363738");
  CHECK(encode("123456789") == "3132333435363738 39");
}

TEST_CASE("byte counts are shown with four digits at most", "[tool]") {
  CHECK(byte_count(0) == "0 B");
  CHECK(byte_count(1023) == "1023 B");
  CHECK(byte_count(1024) == "1.0 KiB");
  CHECK(byte_count(1536) == "1.5 KiB");
  CHECK(byte_count(1024 * 1024 - 1) == "1.0 MiB");
  CHECK(byte_count(std::uint64_t{3} << 30) == "3.0 GiB");
  CHECK(byte_count(std::numeric_limits<std::uint64_t>::max()) == "16777216.0 TiB");
}
