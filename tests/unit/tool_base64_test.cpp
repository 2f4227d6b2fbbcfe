#include <catch2/catch.hpp>

#include <span>
#include <string>
#include <string_view>

#include "base64.hpp"

using shmbus::tool::base64;

namespace {
std::string encode(std::string_view text) { return base64(std::as_bytes(std::span{text})); }
}  // namespace

TEST_CASE("base64 gives the vectors of RFC 4648", "[tool]") {
  CHECK(encode("") == "");
  CHECK(encode("f") == "Zg==");
  CHECK(encode("fo") == "Zm8=");
  CHECK(encode("foo") == "Zm9v");
  CHECK(encode("foob") == "Zm9vYg==");
  CHECK(encode("fooba") == "Zm9vYmE=");
  CHECK(encode("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 takes bytes of all values", "[tool]") {
  CHECK(encode(std::string_view{"\0\xff\xfe\x80", 4}) == "AP/+gA==");
  CHECK(encode("\xfb\xff\xbf") == "+/+/");
}
