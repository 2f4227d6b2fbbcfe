#include <catch2/catch.hpp>

#include "shmbus-nats/text_codec.hpp"

using namespace shmbus::bridge;

TEST_CASE("percent-encoding keeps every byte, and only what URIs keep as it is", "[bridge]") {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  CHECK(percent_decoded(percent_encoded(all)) == all);
  CHECK(percent_encoded("user-42_a.b~c") == "user-42_a.b~c");
  CHECK(percent_encoded("a b/ä\n") == "a%20b%2F%C3%A4%0A");
  CHECK(percent_decoded("100%") == "100%");
  CHECK(percent_decoded("%4") == "%4");
  CHECK(percent_decoded("%zz%41") == "%zzA");
}

TEST_CASE("a form keeps order, repeated names and empty values", "[bridge]") {
  const std::vector<NamedText> fields{{"b", "1"}, {"a&=%", "x=y&z"}, {"b", ""}, {"", "no name"}};
  CHECK(form_decoded(form_encoded(fields)) == fields);
  CHECK(form_encoded({}).empty());
  CHECK(form_decoded("").empty());
  CHECK(form_decoded("no-value&a=1&&") == std::vector<NamedText>{{"a", "1"}});
}

TEST_CASE("a header is plain where NATS carries it unchanged", "[bridge]") {
  CHECK(is_plain_value("application/json; charset=utf-8"));
  CHECK_FALSE(is_plain_value(""));
  CHECK_FALSE(is_plain_value(" a"));
  CHECK_FALSE(is_plain_value("a "));
  CHECK_FALSE(is_plain_value("a\r\nb"));
  CHECK_FALSE(is_plain_value("ä"));
  CHECK(is_plain_name("content-type"));
  CHECK_FALSE(is_plain_name("content type"));
  CHECK_FALSE(is_plain_name("a:b"));
  CHECK_FALSE(is_plain_name(""));
}
