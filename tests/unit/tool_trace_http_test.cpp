// Sending traces by HTTP.

#include <catch2/catch.hpp>

#include <chrono>
#include <string>
#include <system_error>
#include <thread>

#include "http_post.hpp"
#include "http_url.hpp"
#include "support/http_receiver.hpp"

using namespace shmbus::tracing;
using namespace std::chrono_literals;

TEST_CASE("the parts of a URL are found, and OTLP's path stands in for none", "[trace]") {
  const HttpUrl plain = parse_otlp_url("http://localhost:4318");
  CHECK(plain.host == "localhost");
  CHECK(plain.port == "4318");
  CHECK(plain.target == "/v1/traces");
  CHECK(plain.authority() == "localhost:4318");
  CHECK(parse_otlp_url("http://host/").target == "/v1/traces");
  CHECK(parse_otlp_url("http://host").port == "80");
  CHECK(parse_otlp_url("http://host").authority() == "host");
  CHECK(parse_otlp_url("http://host/api/otlp?tenant=1#there").target == "/api/otlp?tenant=1");
  CHECK(parse_otlp_url("http://host?tenant=1").target == "/?tenant=1");
  const HttpUrl six = parse_otlp_url("http://[::1]:4318/x");
  CHECK(six.host == "::1");
  CHECK(six.authority() == "[::1]:4318");
}

TEST_CASE("a URL that can't be used is refused in words", "[trace]") {
  CHECK_THROWS_WITH(parse_otlp_url("https://host"), Catch::Contains("https is not supported"));
  CHECK_THROWS_WITH(parse_otlp_url("ftp://host"), Catch::Contains("expected http://"));
  CHECK_THROWS_WITH(parse_otlp_url("http://"), Catch::Contains("host is missing"));
  CHECK_THROWS_WITH(parse_otlp_url("http://:80"), Catch::Contains("host is missing"));
  CHECK_THROWS_WITH(parse_otlp_url("http://host:"), Catch::Contains("a port from 1 to 65535"));
  CHECK_THROWS_WITH(parse_otlp_url("http://host:65536"), Catch::Contains("a port from 1 to 65535"));
  CHECK_THROWS_WITH(parse_otlp_url("http://user@host"), Catch::Contains("not supported"));
  CHECK_THROWS_WITH(parse_otlp_url("http://[::1"), Catch::Contains("expected ']'"));
  CHECK_THROWS_WITH(parse_otlp_url("http://host/a\r\nX: y"), Catch::Contains("no special character"));
  CHECK(is_url("https://host"));
  CHECK_FALSE(is_url("traces.json"));
}

TEST_CASE("a document reaches a receiver, and its answer comes back", "[trace]") {
  test::HttpReceiver receiver;
  receiver.answer_with(503, "busy");
  const HttpUrl url = parse_otlp_url(receiver.url() + "/v1/traces");
  const std::string document(300'000, 'x');
  const HttpReply reply = http_post(url, "application/json", document);
  CHECK(reply.status == 503);
  CHECK(reply.reason == "Service Unavailable");
  CHECK(reply.body == "busy");
  const auto requests = receiver.requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method == "POST");
  CHECK(requests[0].target == "/v1/traces");
  CHECK(requests[0].type == "application/json");
  CHECK(requests[0].body == document);
}

TEST_CASE("where no process listens, the error names the address", "[trace]") {
  std::string url;
  {
    test::HttpReceiver receiver;
    url = receiver.url();
  }
  CHECK_THROWS_AS(http_post(parse_otlp_url(url), "application/json", "{}"), std::system_error);
  CHECK_THROWS_WITH(http_post(parse_otlp_url(url), "application/json", "{}"),
                    Catch::Contains(url + "/v1/traces: connecting"));
}

TEST_CASE("a receiver that does not answer is given up", "[trace]") {
  test::HttpReceiver receiver;
  receiver.stop_answering();
  CHECK_THROWS_WITH(http_post(parse_otlp_url(receiver.url()), "application/json", "{}", 100ms),
                    Catch::Contains("reading the reply"));
}

TEST_CASE("an answer that never ends is cut", "[trace]") {
  test::HttpReceiver receiver;
  receiver.answer_with(400, std::string(1'000'000, 'y'));
  const HttpReply reply = http_post(parse_otlp_url(receiver.url()), "application/json", "{}");
  CHECK(reply.status == 400);
  CHECK(reply.body.size() <= 65536);
}
