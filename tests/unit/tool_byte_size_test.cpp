// Numbers of bytes on the command line and in configurations.

#include "byte_size.hpp"

#include <catch2/catch.hpp>

using shmbus::tool::parse_byte_size;

TEST_CASE("a number of bytes has a binary unit or none", "[tool]") {
  CHECK(parse_byte_size("0") == 0);
  CHECK(parse_byte_size("65536") == 65536);
  CHECK(parse_byte_size("7B") == 7);
  CHECK(parse_byte_size("64K") == 65536);
  CHECK(parse_byte_size("64KiB") == 65536);
  CHECK(parse_byte_size("16M") == std::uint64_t{16} << 20);
  CHECK(parse_byte_size("10GiB") == std::uint64_t{10} << 30);
  CHECK(parse_byte_size("18446744073709551615") == ~std::uint64_t{0});
  for (const char* bad : {"", "K", "-1", "+1", "1.5G", "1 K", "1k", "1KB", "1TiBs", "18446744073709551616", "18014398509481984K"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_byte_size(bad));
  }
}
