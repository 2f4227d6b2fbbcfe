// How daemons read their configurations: values, and the places of mistakes.

#include "settings_reader.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "listen_address.hpp"

using namespace std::chrono_literals;
using shmbus::daemon::is_bus_name;
using shmbus::daemon::is_listen_address;
using shmbus::daemon::Setting;
using shmbus::daemon::SettingsError;
using shmbus::daemon::SettingsReader;

namespace {

/// The mistakes when a text is read by these keys, or "none".
template <class Read>
std::string mistakes(const std::string& text, Read read) {
  try {
    SettingsReader reader{text, "f.toml"};
    read(reader);
    reader.finish();
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "none";
}

struct Item {
  std::string name;
  bool on = false;
};

/// Reads [[item]] with the required key `name` and the optional `on`.
std::string read_items(const std::string& text, std::vector<Item>& items) {
  return mistakes(text, [&](SettingsReader& r) {
    r.table(r.root(), {{"item", [&](const Setting& all) {
                          r.tables(all, [&](const Setting& one) {
                            Item item;
                            r.table(one,
                                    {{"name", [&](const Setting& v) { r.text(v, item.name, "a name", is_bus_name); }},
                                     {"on", [&](const Setting& v) { r.boolean(v, item.on); }}});
                            r.require(one, "name", "a name");
                            items.push_back(item);
                          });
                        }}});
  });
}

}  // namespace

TEST_CASE("a listen address is numeric, or a path, or nothing", "[daemon]") {
  for (const char* good : {"127.0.0.1:0", "127.0.0.1:65535", "0.0.0.0:80", "[::1]:9871", "unix:/a", ""}) {
    CAPTURE(good);
    CHECK(is_listen_address(good));
  }
  for (const char* bad : {"9871", "localhost:9871", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x",
                          "::1:80", "[]:80", "unix:", "unix:relative", "127.0.0.1:80,0.0.0.0:80"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_listen_address(bad));
  }
  CHECK_FALSE(is_listen_address("unix:/" + std::string(107, 'x')));
}

TEST_CASE("a bus's name has up to 32 letters, digits, underscores and dashes", "[daemon]") {
  for (const char* good : {"a", "Az_09-", "12345678901234567890123456789012"}) CHECK(is_bus_name(good));
  for (const char* bad : {"", "a.b", "a b", "ä", "123456789012345678901234567890123"}) CHECK_FALSE(is_bus_name(bad));
}

TEST_CASE("tables of an array are read in their order", "[daemon]") {
  std::vector<Item> items;
  CHECK(read_items("[[item]]\nname = 'a'\n[[item]]\nname = 'b'\non = true\n", items) == "none");
  REQUIRE(items.size() == 2);
  CHECK(items[0].name == "a");
  CHECK_FALSE(items[0].on);
  CHECK(items[1].name == "b");
  CHECK(items[1].on);
}

TEST_CASE("a mistake in a table of an array is at its own place, and a missing key at the table's", "[daemon]") {
  std::vector<Item> items;
  CHECK(read_items("[[item]]\nname = 'a'\n\n  [[item]]\n[[item]]\nname = 'c'\non = 1\nof = 2\n", items) ==
        "f.toml:4:3: item.name: expected a name, found nothing\n"
        "f.toml:7:6: item.on: expected true or false, found the integer 1\n"
        "f.toml:8:1: item.of: unknown key; expected one of name, on");
  CHECK(read_items("item = [{name = 'a'},\n {on = true}]", items) ==
        "f.toml:2:2: item.name: expected a name, found nothing");
}

TEST_CASE("what is no array of tables is a mistake", "[daemon]") {
  std::vector<Item> items;
  CHECK(read_items("[item]\nname = 'a'", items) ==
        "f.toml:1:1: item: expected an array of tables, [[item]], found a table");
  CHECK(read_items("item = [1]", items) == "f.toml:1:9: item: expected a table, [[item]], found the integer 1");
}

TEST_CASE("a key that the whole file lacks is missing at its beginning", "[daemon]") {
  CHECK(mistakes("# nothing", [](SettingsReader& r) { r.require(r.root(), "name", "a name"); }) ==
        "f.toml:1:1: name: expected a name, found nothing");
}

TEST_CASE("a duration may have bounds, and a meaning of zero", "[daemon]") {
  const auto read = [](const std::string& value, shmbus::daemon::DurationBounds bounds) {
    auto time = -1ns;
    const std::string said = mistakes("t = '" + value + "'", [&](SettingsReader& r) {
      r.table(r.root(), {{"t", [&](const Setting& v) { r.duration(v, time, bounds); }}});
    });
    return said == "none" ? std::to_string(time / 1ms) : said;
  };
  const auto suffix = [](const std::string& found) {
    return R"(, such as "500ms", "5s" or "2m", found the string ")" + found + '"';
  };
  CHECK(read("0s", {}) == "0");
  CHECK(read("1h", {}) == "3600000");
  CHECK(read("61m", {}) == R"(f.toml:1:5: t: expected a time from "0s" (never) to "1h")" + suffix("61m"));
  CHECK(read("10ms", {.least = 10ms, .zero = {}}) == "10");
  CHECK(read("0s", {.least = 10ms, .zero = {}}) ==
        R"(f.toml:1:5: t: expected a time from "10ms" to "1h")" + suffix("0s"));
  CHECK(read("0s", {.least = 1s, .zero = "no limit"}) == "0");
  CHECK(read("1ms", {.least = 1s, .zero = "no limit"}) ==
        R"(f.toml:1:5: t: expected "0s" (no limit), or a time from "1s" to "1h")" + suffix("1ms"));
}

TEST_CASE("a number of bytes is a number, or a text with a unit", "[daemon]") {
  const auto read = [](const std::string& value) {
    std::int64_t bytes = -1;
    const std::string said = mistakes("b = " + value, [&](SettingsReader& r) {
      r.table(r.root(), {{"b", [&](const Setting& v) { r.bytes(v, bytes, "no limit"); }}});
    });
    return said == "none" ? std::to_string(bytes) : said;
  };
  CHECK(read("0") == "0");
  CHECK(read("4096") == "4096");
  CHECK(read("'10GiB'") == "10737418240");
  CHECK(read("'7'") == "7");
  CHECK(read("-1") ==
        R"(f.toml:1:5: b: expected a number of bytes, such as "512MiB" or "10GiB", or 0 (no limit), found )"
        "the integer -1");
  for (const char* bad : {"'10 GiB'", "'-1'", "''", "1.5", "'8589934592GiB'", "true"}) {
    CAPTURE(bad);
    CHECK_THAT(read(bad), Catch::StartsWith("f.toml:1:5: b: expected a number of bytes"));
  }
}

TEST_CASE("a mistake leaves the value as it was", "[daemon]") {
  std::string text = "before";
  std::size_t count = 5;
  auto level = spdlog::level::info;
  CHECK(mistakes("a = 'x'\nb = 11\nc = 'loud'\n",
                 [&](SettingsReader& r) {
                   r.table(
                       r.root(),
                       {{"a", [&](const Setting& v) { r.text(v, text, "\"y\"", [](auto& t) { return t == "y"; }); }},
                        {"b", [&](const Setting& v) { r.count(v, count, 1, 10, "a number"); }},
                        {"c", [&](const Setting& v) { r.log_level(v, level); }}});
                 }) ==
        "f.toml:1:5: a: expected \"y\", found the string \"x\"\n"
        "f.toml:2:5: b: expected a number, 1 to 10, found the integer 11\n"
        "f.toml:3:5: c: expected \"debug\", \"info\", \"warning\" or \"error\", found the string \"loud\"");
  CHECK(text == "before");
  CHECK(count == 5);
  CHECK(level == spdlog::level::info);
}
