#include <catch2/catch.hpp>

#include <map>
#include <string>

#include "shmbus-nats/message_headers.hpp"

using namespace shmbus;
using namespace shmbus::bridge;

namespace {

using Headers = std::multimap<std::string, std::string>;

Headers written(HeaderWriter& writer, const EventView& event, std::string_view type = {}) {
  std::string bytes;
  const std::size_t count = writer.append(bytes, event, type);
  Headers headers;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::string name = bytes.c_str() + at;
    at += name.size() + 1;
    const std::string value = bytes.c_str() + at;
    at += value.size() + 1;
    headers.emplace(name, value);
  }
  CHECK(headers.size() == count);
  return headers;
}

std::string value(const Headers& headers, const std::string& name) {
  const auto place = headers.find(name);
  return place == headers.end() ? "(none)" : place->second;
}

EventView event() {
  EventView view{{0x12, 0x34, 5}, "video.watched", Time{std::chrono::nanoseconds{1'700'000'000'000'000'007}}, {}, {}, {}, {}};
  return view;
}

}  // namespace

TEST_CASE("a message has the headers of CloudEvents, and no more than it needs", "[bridge]") {
  HeaderWriter writer("host-a", "streaming", "0011");
  const Headers headers = written(writer, event());
  CHECK(headers == Headers{{"ce-specversion", "1.0"},
                           {"ce-id", "0000000000000012-0000000000000034-5"},
                           {"ce-source", "shmbus://host-a/streaming/0011"},
                           {"ce-type", "video.watched"},
                           {"ce-time", "2023-11-14T22:13:20.000000007Z"}});
  EventView untimed = event();
  untimed.time = {};
  CHECK_FALSE(written(writer, untimed).contains("ce-time"));
}

TEST_CASE("key, trace, type and own headers travel with the event", "[bridge]") {
  HeaderWriter writer("host-a", "streaming", "0011");
  EventView view = event();
  view.key = "user 42";
  view.trace = TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  view.headers = {{"content-type", "json"}, {"ce-id", "the user's"}, {"note", "a\nb"}, {"content-type", "text"}};
  const TypeInfo type{"streaming.Watch<int, 2>", 16, 8, 0xabc, "user:u64@0+8;"};
  const Headers headers = written(writer, view, type_text(type));
  CHECK(value(headers, "shmbus-key") == "user%2042");
  CHECK(value(headers, "traceparent") == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  CHECK(value(headers, "content-type") == "json");
  CHECK(headers.count("ce-id") == 1);
  CHECK_FALSE(headers.contains("note"));
  CHECK(form_decoded(value(headers, "shmbus-headers")) ==
        std::vector<NamedText>{{"content-type", "json"}, {"ce-id", "the user's"}, {"note", "a\nb"}, {"content-type", "text"}});
  const auto parsed = parse_type(value(headers, "shmbus-type"));
  REQUIRE(parsed);
  CHECK(parsed->type().hash() == type.hash());
  CHECK(parsed->type().fields == type.fields);
}

TEST_CASE("a forwarded event keeps its identity, and names the bridges it has passed", "[bridge]") {
  HeaderWriter writer("host-b", "other", "0022");
  EventView view = event();
  view.headers = {{"shmbus-hops", "host-a"},
                  {"ce-id", "00000000000000aa-00000000000000bb-7"},
                  {"ce-source", "shmbus://host-a/streaming/0011"},
                  {"ce-time", "2020-01-01T00:00:00.000000000Z"},
                  {"ce-id", "the user's"}};
  const Headers headers = written(writer, view);
  CHECK(value(headers, "ce-id") == "00000000000000aa-00000000000000bb-7");
  CHECK(value(headers, "ce-source") == "shmbus://host-a/streaming/0011");
  CHECK(value(headers, "ce-time") == "2020-01-01T00:00:00.000000000Z");
  CHECK(value(headers, "shmbus-hops") == "host-a,host-b");
  CHECK(value(headers, "shmbus-writer") == "shmbus://host-b/other/0022 0000000000000012-0000000000000034-5");
  CHECK(form_decoded(value(headers, "shmbus-headers")) == std::vector<NamedText>{{"ce-id", "the user's"}});
}

TEST_CASE("the writer of a message is its bus, its machine and its event there", "[bridge]") {
  const auto writer = Written::parse("shmbus://host-a/streaming/0011", "0000000000000012-0000000000000034-5");
  REQUIRE(writer);
  CHECK(writer->bus == "streaming");
  CHECK(writer->machine == "0011");
  CHECK(writer->event == EventId{0x12, 0x34, 5});
  CHECK_FALSE(Written::parse("https://host-a/streaming/0011", "0000000000000012-0000000000000034-5"));
  CHECK_FALSE(Written::parse("shmbus://host-a/streaming", "0000000000000012-0000000000000034-5"));
  CHECK_FALSE(Written::parse("shmbus:////", "0000000000000012-0000000000000034-5"));
  CHECK_FALSE(Written::parse("shmbus://host-a/streaming/0011", "7"));
}

TEST_CASE("what a header says of a type is refused where it is none", "[bridge]") {
  CHECK(type_text(TypeInfo{}).empty());
  CHECK_FALSE(parse_type(""));
  CHECK_FALSE(parse_type("size=8&alignment=8"));
  CHECK_FALSE(parse_type("name=a&size=eight"));
}

TEST_CASE("an event came in if its first headers are a passage", "[bridge]") {
  CHECK_FALSE(passage_of({}));
  CHECK_FALSE(passage_of({{"shmbus-hops", "a\nNats-Msg-Id: 1"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-time", "t"}}));
  CHECK_FALSE(passage_of({{"shmbus-hops", "a"}, {"ce-id", ""}, {"ce-source", "s"}, {"ce-time", "t"}}));
  CHECK_FALSE(passage_of({{"ce-id", "1"}, {"shmbus-hops", "a"}, {"ce-source", "s"}, {"ce-time", "t"}}));
  const auto passage = passage_of({{"shmbus-hops", "a,b"}, {"ce-id", "1"}, {"ce-source", "s"}, {"ce-time", ""}});
  REQUIRE(passage);
  CHECK(passage->hops == "a,b");
  CHECK(passed("a,b", "a"));
  CHECK(passed("a,b", "b"));
  CHECK_FALSE(passed("aa,b", "a"));
  CHECK_FALSE(passed("", "a"));
}
