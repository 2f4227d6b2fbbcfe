#include "shmbus/trace_context.hpp"

#include <catch2/catch.hpp>

using shmbus::TraceContext;

TEST_CASE("a traceparent is parsed and printed without change", "[trace]") {
  const char* const text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const auto context = TraceContext::parse(text);
  REQUIRE(context);
  CHECK(context->trace_id[0] == std::byte{0x0a});
  CHECK(context->trace_id[15] == std::byte{0x9c});
  CHECK(context->parent_id[7] == std::byte{0x31});
  CHECK(context->flags == 1);
  CHECK(context->traceparent() == text);
}

TEST_CASE("a traceparent that breaks the standard is refused", "[trace]") {
  const auto text = GENERATE(
      "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",             // cut short
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",                   // version 00 ends with the flags
      "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",                    // upper case
      "00-00000000000000000000000000000000-b7ad6b7169203331-01",                    // no trace id
      "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",                    // no parent id
      "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",                    // forbidden version
      "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",                    // no dash
      "0g-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",                    // no digit
      "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x");                  // no dash after the flags
  CAPTURE(text);
  CHECK_FALSE(TraceContext::parse(text));
}

TEST_CASE("what a later version adds to a traceparent is ignored", "[trace]") {
  const auto context = TraceContext::parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-more");
  REQUIRE(context);
  CHECK(context->traceparent() == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03");
}
