// The configuration of shmbusd, and the messages for a bad one.

#include "shmbusd/settings.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "support/temporary_folder.hpp"

using namespace std::chrono_literals;
using shmbus::daemon::parse_settings;
using shmbus::daemon::read_settings;
using shmbus::daemon::Settings;
using shmbus::daemon::SettingsError;

namespace {

std::string mistakes(const std::string& text) {
  try {
    parse_settings(text, "f.toml");
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("an empty configuration is the default", "[shmbusd]") {
  CHECK(parse_settings("", "f.toml") == Settings{});
  CHECK(parse_settings("# nothing\n[warn]\n", "f.toml") == Settings{});
}

TEST_CASE("the example configuration is the default", "[shmbusd]") {
  CHECK(read_settings(SHMBUS_DAEMON_SOURCES "/shmbusd.toml") == Settings{});
}

TEST_CASE("each key of a configuration is read", "[shmbusd]") {
  const Settings settings = parse_settings(
      "interval = '250ms'\nbuses = ['a', 'b', 'a']\nowners = ['root', 1234]\nreap = false\nrecord = false\n"
      "[warn]\ngating = '2m'\nmemory = 25\n[metrics]\nlisten = 'unix:/run/x.sock'\n[log]\nlevel = 'debug'\n"
      "[trace]\nendpoint = 'http://h:4318/v1/traces'\nslower_than = '1s'\nfailed = false\nsampled = false\nsample = 0.5\n"
      "settle = '3s'\ninterval = '20ms'\ntimeout = '4s'\nevents = 5000\nqueue = 2\n",
      "f.toml");
  CHECK(settings == Settings{.interval = 250ms,
                             .buses = {"a", "b"},
                             .owners = {0, 1234},
                             .reap = false,
                             .record = false,
                             .gating_limit = 2min,
                             .memory_limit = 25,
                             .listen = "unix:/run/x.sock",
                             .trace = {.endpoint = "http://h:4318/v1/traces",
                                       .slower_than = 1s,
                                       .failed = false,
                                       .sampled = false,
                                       .sample = 0.5,
                                       .settle = 3s,
                                       .interval = 20ms,
                                       .timeout = 4s,
                                       .events = 5000,
                                       .queue = std::size_t{2} << 20},
                             .log_level = spdlog::level::debug});
}

TEST_CASE("addresses to listen at are numeric, or paths, or none", "[shmbusd]") {
  for (const char* good : {"127.0.0.1:0", "127.0.0.1:65535", "0.0.0.0:80", "[::1]:9871", "unix:/a", ""}) {
    CAPTURE(good);
    CHECK(mistakes(std::string{"metrics.listen = '"} + good + "'") == "none");
  }
  for (const char* bad : {"9871", "localhost:9871", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:x",
                          "::1:80", "[]:80", "unix:", "unix:relative", "127.0.0.1:80,0.0.0.0:80"}) {
    CAPTURE(bad);
    CHECK_THAT(mistakes(std::string{"metrics.listen = '"} + bad + "'"),
               Catch::StartsWith("f.toml:1:18: metrics.listen: "));
  }
  CHECK(mistakes("metrics.listen = 'unix:/" + std::string(107, 'x') + "'") != "none");
}

TEST_CASE("an unknown key is named with its place, and the known ones", "[shmbusd]") {
  CHECK(mistakes("\n  intervall = '1s'") ==
        "f.toml:2:3: intervall: unknown key; expected one of interval, buses, owners, reap, record, warn, metrics, trace, log");
  CHECK(mistakes("[warn]\ngatting = '1s'") == "f.toml:2:1: warn.gatting: unknown key; expected one of gating, memory");
}

TEST_CASE("a value of a wrong type or range is named with its place, and what was expected", "[shmbusd]") {
  struct Case {
    const char* text;
    const char* said;
  };
  for (const Case& c : {
           Case{"interval = 5",
                R"(f.toml:1:12: interval: expected a time from "10ms" to "1h", such as "500ms", "5s" or )"
                R"("2m", found the integer 5)"},
           Case{"interval = '9ms'", "found the string \"9ms\""},
           Case{"interval = '2h'", "found the string \"2h\""},
           Case{"buses = 'a'", "f.toml:1:9: buses: expected an array, found the string \"a\""},
           Case{"buses = ['a b']", "f.toml:1:10: buses: expected bus names"},
           Case{"buses = [['a']]", "found an array"},
           Case{"owners = ['no such user here']", "owners: expected users of this machine, by name or number"},
           Case{"owners = [-1]", "found the integer -1"},
           Case{"reap = 'yes'", "reap: expected true or false, found the string \"yes\""},
           Case{"warn = true", "warn: expected a table, found a boolean"},
           Case{"[warn]\ngating = 1.5", "f.toml:2:10: warn.gating: expected a time from \"0s\" (never) to \"1h\""},
           Case{"[warn]\nmemory = 101", "expected a percentage, 0 (never) to 100, found the integer 101"},
           Case{"[log]\nlevel = 'loud'", R"(expected "debug", "info", "warning" or "error", found the string "loud")"},
           Case{"interval = 2024-01-01", "found a date or time"},
       }) {
    CAPTURE(c.text);
    CHECK_THAT(mistakes(c.text), Catch::Contains(c.said) && Catch::StartsWith("f.toml:"));
  }
}

TEST_CASE("a wrong value of the export of traces is named with its place, and what was expected", "[shmbusd]") {
  struct Case {
    const char* text;
    const char* message;
  };
  for (const Case& c : {
           Case{"endpoint = 1", R"(expected "http://HOST[:PORT][/PATH]", or "" (no export), found the integer 1)"},
           Case{"endpoint = 'https://h'", "trace.endpoint: URL 'https://h': https is not supported; give the http address"},
           Case{"endpoint = 'h:4318'", "trace.endpoint: URL 'h:4318': expected http://"},
           Case{"slower_than = '2h'", R"(trace.slower_than: expected a time from "0s" (never) to "1h")"},
           Case{"failed = 1", "trace.failed: expected true or false"},
           Case{"sampled = 'no'", "trace.sampled: expected true or false"},
           Case{"sample = 1.01", "trace.sample: expected a share from 0 (none) to 1 (all), such as 0.01"},
           Case{"sample = -1", "trace.sample: expected a share"},
           Case{"sample = nan", "trace.sample: expected a share"},
           Case{"sample = '1%'", "trace.sample: expected a share"},
           Case{"settle = '99ms'", R"(trace.settle: expected a time from "100ms" to "10m")"},
           Case{"interval = '61s'", R"(trace.interval: expected a time from "10ms" to "1m")"},
           Case{"timeout = '0s'", R"(trace.timeout: expected a time from "100ms" to "1m")"},
           Case{"events = 999", "trace.events: expected a number of events, 1000 to 10000000, found the integer 999"},
           Case{"queue = 0", "trace.queue: expected a number of MiB, 1 to 4096, found the integer 0"},
           Case{"endpoints = ''", "trace.endpoints: unknown key; expected one of endpoint, slower_than, failed, sampled, sample"},
       }) {
    CAPTURE(c.text);
    CHECK_THAT(mistakes(std::string{"[trace]\n"} + c.text),
               Catch::Contains(c.message) && Catch::StartsWith("f.toml:2:"));
  }
  for (const char* good : {"sample = 0", "sample = 1", "sample = 0.5", "slower_than = '0s'", "endpoint = ''",
                           "endpoint = 'http://[::1]:4318'", "settle = '10m'"}) {
    CAPTURE(good);
    CHECK(mistakes(std::string{"[trace]\n"} + good) == "none");
  }
}

TEST_CASE("all mistakes of a configuration are reported at once, in their order", "[shmbusd]") {
  const std::string all = mistakes("x = 1\nreap = 1\n[warn]\nmemory = -1\ny = 2\n");
  CHECK_THAT(all, Catch::Matches("f\\.toml:1:1: x: [^\n]*\nf\\.toml:2:8: reap: [^\n]*\nf\\.toml:4:10: warn\\.memory: "
                                 "[^\n]*\nf\\.toml:5:1: warn\\.y: [^\n]*"));
}

TEST_CASE("text that is not TOML is named with its place", "[shmbusd]") {
  CHECK_THAT(mistakes("interval = \n"), Catch::StartsWith("f.toml:1:12: "));
  CHECK_THAT(mistakes("reap = true\nreap = true\n"), Catch::StartsWith("f.toml:2:"));
}

TEST_CASE("a configuration that can't be read is named, with the reason", "[shmbusd]") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(read_settings(folder.file("none")),
                    Catch::Contains("none: expected a readable file, found: No such"));
  CHECK_THROWS_WITH(read_settings(folder.file("")), Catch::Contains("Is a directory"));
}
