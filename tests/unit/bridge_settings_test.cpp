// The configuration of shmbus-nats, and the messages for a bad one.

#include "shmbus-nats/settings.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "support/temporary_folder.hpp"

using namespace std::chrono_literals;
using shmbus::Delivery;
using shmbus::bridge::parse_settings;
using shmbus::bridge::read_settings;
using shmbus::bridge::RuleStart;
using shmbus::bridge::Settings;
using shmbus::bridge::SettingsError;
using shmbus::bridge::Storage;

namespace {

using Kind = RuleStart::Kind;

std::string mistakes(const std::string& text) {
  try {
    parse_settings(text, "f.toml");
  } catch (const SettingsError& error) {
    return error.what();
  }
  return "none";
}

const std::string out_rule = "[[out]]\ntopics = 'a.>'\n";

/// Keys before all tables, in line 3.
std::string with_root(const std::string& line) {
  return "name = 'a'\nbus = 'b'\n" + line + "\n[nats]\nurls = ['nats://h']\n" + out_rule;
}

/// Keys of [nats], from line 4 on, where the URL is not among them.
std::string with_nats(const std::string& lines) {
  return "name = 'a'\nbus = 'b'\n[nats]\n" + lines + "\nurls = ['nats://h']\n" + out_rule;
}

/// Rules, from line 4 on.
std::string with_rules(const std::string& rules) { return "name = 'a'\nbus = 'b'\nnats.urls = ['nats://h']\n" + rules; }

Settings nats(const std::string& lines) { return parse_settings(with_nats(lines), "f.toml"); }
Settings rules(const std::string& lines) { return parse_settings(with_rules(lines), "f.toml"); }

const std::string key = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

}  // namespace

TEST_CASE("the smallest configuration of a bridge has a name, a bus, a server and a rule", "[bridge]") {
  CHECK(rules("[[out]]\ntopics = 'x'") ==
        Settings{.name = "a", .bus = "b", .nats = {.urls = {"nats://h"}}, .out = {{.topics = "x"}}});
  CHECK(rules("[[in]]\nfrom = ['c']\ntopics = 'x'") ==
        Settings{.name = "a", .bus = "b", .nats = {.urls = {"nats://h"}}, .in = {{.from = {"c"}, .topics = "x"}}});
}

TEST_CASE("a bridge's example configuration has the defaults", "[bridge]") {
  CHECK(read_settings(SHMBUS_BRIDGE_SOURCES "/shmbus-nats.toml") ==
        Settings{.name = "host-a",
                 .bus = "streaming",
                 .nats = {.urls = {"nats://127.0.0.1:4222"}},
                 .out = {{.topics = "video.>"}},
                 .in = {{.from = {"host-b"}, .topics = "video.>"}}});
}

TEST_CASE("each key of a bridge's configuration is read", "[bridge]") {
  CHECK(
      parse_settings(
          "name = 'host-a'\nbus = 'streaming'\nowners = ['root', 1234]\n"
          "[nats]\nurls = ['nats://h:4222', 'tls://[::1]:1']\ncredentials = '/c'\nca = '/ca'\n"
          "certificate = '/cert'\nkey = '/key'\nreplicas = 3\nstorage = 'memory'\nmax_bytes = '10GiB'\n"
          "max_age = '24h'\nwindow = 17\n"
          "[[out]]\ntopics = 'video.>'\ndelivery = 'lossy'\nstart = '10m'\nforward = true\n"
          "[[out]]\ntopics = '>'\ndelivery = 'reliable'\nstart = 'new'\nforward = false\n"
          "[[in]]\nfrom = ['host-b', 'host-c']\ntopics = 'video.*'\ninto = '{origin}.{topic}'\nstart = 'all'\n"
          "[[in]]\nfrom = ['*']\ntopics = 'user'\ninto = 'remote.{topic}'\n"
          "[metrics]\nlisten = 'unix:/run/x.sock'\n[log]\nlevel = 'debug'\n",
          "f.toml") ==
      Settings{.name = "host-a",
               .bus = "streaming",
               .owners = {0, 1234},
               .nats = {.urls = {"nats://h:4222", "tls://[::1]:1"},
                        .credentials = "/c",
                        .tls = true,
                        .ca = "/ca",
                        .certificate = "/cert",
                        .key = "/key",
                        .replicas = 3,
                        .storage = Storage::memory,
                        .max_bytes = std::int64_t{10} << 30,
                        .max_age = 24h,
                        .window = 17},
               .out = {{.topics = "video.>", .delivery = Delivery::lossy, .start = {Kind::age, 10min}, .forward = true},
                       {.topics = ">"}},
               .in = {{.from = {"host-b", "host-c"},
                       .topics = "video.*",
                       .into = "{origin}.{topic}",
                       .start = {Kind::all, 0s}},
                      {.from = {"*"}, .topics = "user", .into = "remote.{topic}"}},
               .listen = "unix:/run/x.sock",
               .log_level = spdlog::level::debug});
}

TEST_CASE("each way to log in is read, and empty values are none", "[bridge]") {
  CHECK(nats("nkey = '/seed'\nnkey_public = '" + key + "'").nats.nkey == "/seed");
  CHECK(nats("nkey = '/seed'\nnkey_public = '" + key + "'").nats.nkey_public == key);
  CHECK(nats("user = 'u'\npassword_file = '/p'").nats.user == "u");
  CHECK(nats("user = 'u'\npassword_file = '/p'").nats.password_file == "/p");
  CHECK(nats("token_file = '/t'").nats.token_file == "/t");
  CHECK(nats("credentials = '/c'\nnkey = ''\nnkey_public = ''\nuser = ''\npassword_file = ''\ntoken_file = ''")
            .nats.credentials == "/c");
  CHECK(parse_settings("name = 'a'\nbus = 'b'\nnats.urls = ['nats://u:p@h']\n" + out_rule, "f").nats.urls.front() ==
        "nats://u:p@h");
}

TEST_CASE("a URL or a file of TLS turns TLS on", "[bridge]") {
  CHECK_FALSE(nats("").nats.tls);
  CHECK(nats("tls = true").nats.tls);
  CHECK(nats("ca = '/ca'").nats.tls);
  CHECK(nats("certificate = '/c'\nkey = '/k'").nats.tls);
  CHECK(parse_settings("name = 'a'\nbus = 'b'\nnats.urls = ['tls://h']\n" + out_rule, "f").nats.tls);
}

TEST_CASE("a server's URL has a scheme of NATS, a host, and perhaps a login and a port", "[bridge]") {
  const auto url = [](const std::string& text) {
    return mistakes("name = 'a'\nbus = 'b'\nnats.urls = ['" + text + "']\n" + out_rule);
  };
  for (const char* good : {"nats://h", "nats://h:1", "tls://nats-1.example.org:65535", "nats://10.0.0.1:4222",
                           "nats://[fe80::1]", "nats://[::1]:4222", "nats://user:pass@h", "nats://token@h:4222"}) {
    CAPTURE(good);
    CHECK(url(good) == "none");
  }
  for (const char* bad : {"",
                          "h",
                          "h:4222",
                          "http://h",
                          "ws://h",
                          "NATS://h",
                          "nats:/h",
                          "nats://",
                          "nats://:4222",
                          "nats://h:",
                          "nats://h:0",
                          "nats://h:65536",
                          "nats://h:x",
                          "nats://h/",
                          "nats://h/path",
                          "nats://h, nats://i",
                          "nats://[::1",
                          "nats://::1:4222",
                          "nats://[h]:1",
                          "nats://@h"}) {
    CAPTURE(bad);
    CHECK_THAT(url(bad), Catch::StartsWith("f.toml:3:14: nats.urls: expected nats://[USER:PASSWORD@]HOST[:PORT], or "
                                           "the same with tls://, found the string \""));
  }
}

TEST_CASE("a mistake in a URL does not show its password", "[bridge]") {
  for (const char* url :
       {"nats://user:secret@h:x", "http://user:secret@h", "user:secret@h", "nats://user:secret@a@b/"}) {
    CAPTURE(url);
    const std::string said = mistakes("name = 'a'\nbus = 'b'\nnats.urls = ['" + std::string{url} + "']\n" + out_rule);
    CHECK_THAT(said, Catch::Contains("nats.urls: expected nats://") && !Catch::Contains("secret"));
  }
}

TEST_CASE("what a bridge's configuration lacks is named, at the place of its table", "[bridge]") {
  CHECK(
      mistakes("# nothing\n") ==
      "f.toml:1:1: name: expected a name, [A-Za-z0-9_-]{1,32}, found nothing\n"
      "f.toml:1:1: bus: expected a name, [A-Za-z0-9_-]{1,32}, found nothing\n"
      "f.toml:1:1: nats.urls: expected at least one URL of a server, such as \"nats://127.0.0.1:4222\", found nothing\n"
      "f.toml:1:1: out, in: expected at least one rule, [[out]] or [[in]], found none");
  CHECK(mistakes("name = 'a'\nbus = 'b'\nout = []\n[nats]\nurls = []\n") ==
        "f.toml:1:1: out, in: expected at least one rule, [[out]] or [[in]], found none\n"
        "f.toml:5:8: nats.urls: expected at least one URL of a server, such as \"nats://127.0.0.1:4222\", found none");
  CHECK_THAT(mistakes("name = 'a'\nbus = 'b'\n\n[nats]\n" + out_rule),
             Catch::StartsWith("f.toml:4:1: nats.urls: expected at least one URL"));
  CHECK(mistakes(with_rules("[[out]]\nforward = true\n[[out]]\n topics = 'a'\n  [[in]]\n")) ==
        "f.toml:4:1: out.topics: expected a pattern of topics, such as \"video.>\", found nothing\n"
        "f.toml:8:3: in.from: expected names of bridges, or \"*\" alone for each of them, found nothing\n"
        "f.toml:8:3: in.topics: expected a pattern of topics, such as \"video.>\", found nothing");
}

TEST_CASE("a wrong value of a bridge is named with its place, and what was expected", "[bridge]") {
  struct Case {
    const char* line;
    const char* said;
  };
  for (const Case& c : {
           Case{"owners = 'root'", "f.toml:3:10: owners: expected an array, found the string \"root\""},
           Case{"owners = ['no such user here']", "f.toml:3:11: owners: expected users of this machine"},
           Case{"colour = 1",
                "f.toml:3:1: colour: unknown key; expected one of name, bus, owners, nats, out, in, metrics, log"},
           Case{"metrics = 1", "f.toml:3:11: metrics: expected a table, found the integer 1"},
           Case{"metrics.listen = 'h:1'",
                "f.toml:3:18: metrics.listen: expected \"ADDRESS:PORT\" with a numeric address"},
           Case{"log.level = 'loud'", R"(f.toml:3:13: log.level: expected "debug", "info", "warning" or "error")"},
       }) {
    CAPTURE(c.line);
    CHECK_THAT(mistakes(with_root(c.line)), Catch::StartsWith(c.said));
  }
  CHECK_THAT(mistakes("name = 'a.b'\nbus = ''\nnats.urls = ['nats://h']\n" + out_rule),
             Catch::Equals("f.toml:1:8: name: expected a name, [A-Za-z0-9_-]{1,32}, found the string \"a.b\"\n"
                           "f.toml:2:7: bus: expected a name, [A-Za-z0-9_-]{1,32}, found the string \"\""));
}

TEST_CASE("a wrong value of the connection to NATS is named with its place, and what was expected", "[bridge]") {
  struct Case {
    const char* line;
    const char* said;
  };
  const std::string path = "expected the absolute path of a file, or \"\" (none), found the string \"x\"";
  for (const char* file : {"credentials", "nkey", "password_file", "token_file", "ca", "certificate", "key"}) {
    CAPTURE(file);
    CHECK_THAT(mistakes(with_nats(std::string{file} + " = 'x'")),
               Catch::StartsWith("f.toml:4:") && Catch::EndsWith(std::string{" nats."} + file + ": " + path));
  }
  for (const Case& c : {
           Case{"nkey_public = 'UABC'",
                "nats.nkey_public: expected a user's public key, U and 55 more letters and digits"},
           Case{"user = 5", "f.toml:4:8: nats.user: expected a user's name, found the integer 5"},
           Case{"tls = 'yes'", "f.toml:4:7: nats.tls: expected true or false"},
           Case{"replicas = 0", "nats.replicas: expected a number of servers, 1 to 5, found the integer 0"},
           Case{"replicas = 6", "nats.replicas: expected a number of servers, 1 to 5, found the integer 6"},
           Case{"storage = 'disk'", R"(nats.storage: expected "file" or "memory", found the string "disk")"},
           Case{"max_bytes = -1",
                "nats.max_bytes: expected a number of bytes, such as \"512MiB\" or \"10GiB\", or 0 (no limit)"},
           Case{"max_bytes = '10 GB'", "nats.max_bytes: expected a number of bytes"},
           Case{"max_age = '999ms'", R"(nats.max_age: expected "0s" (no limit), or a time from "1s" to "87600h")"},
           Case{"max_age = 60", "nats.max_age: expected \"0s\" (no limit), or a time from"},
           Case{"window = 0", "nats.window: expected a number of messages, 1 to 65536, found the integer 0"},
           Case{"window = 65537", "nats.window: expected a number of messages, 1 to 65536, found the integer 65537"},
           Case{"url = 'nats://h'",
                "f.toml:4:1: nats.url: unknown key; expected one of urls, credentials, nkey, nkey_public"},
       }) {
    CAPTURE(c.line);
    CHECK_THAT(mistakes(with_nats(c.line)), Catch::Contains(c.said) && Catch::StartsWith("f.toml:4:"));
  }
  for (const char* good : {"replicas = 5", "max_bytes = 0", "max_bytes = 1024", "max_age = '0s'", "max_age = '1s'",
                           "max_age = '87600h'", "window = 1", "window = 65536", "storage = 'file'"}) {
    CAPTURE(good);
    CHECK(mistakes(with_nats(good)) == "none");
  }
}

TEST_CASE("values that need each other are there together", "[bridge]") {
  CHECK(mistakes(with_nats("nkey = '/n'")) ==
        "f.toml:4:8: nats.nkey: expected nats.nkey_public beside it, found nothing");
  CHECK(mistakes(with_nats("nkey = ''\nnkey_public = '" + key + "'")) ==
        "f.toml:5:15: nats.nkey_public: expected nats.nkey beside it, found nothing");
  CHECK(mistakes(with_nats("user = 'u'")) ==
        "f.toml:4:8: nats.user: expected nats.password_file beside it, found nothing");
  CHECK(mistakes(with_nats("password_file = '/p'")) ==
        "f.toml:4:17: nats.password_file: expected nats.user beside it, found nothing");
  CHECK(mistakes(with_nats("certificate = '/c'\nkey = ''")) ==
        "f.toml:4:15: nats.certificate: expected nats.key beside it, found nothing");
  CHECK(mistakes(with_nats("key = '/k'")) ==
        "f.toml:4:7: nats.key: expected nats.certificate beside it, found nothing");
  // A value that is wrong is there.
  CHECK(mistakes(with_nats("certificate = '/c'\nkey = 'relative'")) ==
        "f.toml:5:7: nats.key: expected the absolute path of a file, or \"\" (none), found the string \"relative\"");
}

TEST_CASE("a bridge logs in by one way", "[bridge]") {
  CHECK(mistakes(with_nats("credentials = '/c'\nnkey = '/n'\nnkey_public = '" + key + "'")) ==
        "f.toml:5:8: nats.nkey: expected one way to log in, found nats.credentials too");
  CHECK(mistakes(with_nats("user = 'u'\npassword_file = '/p'\ncredentials = '/c'\ntoken_file = '/t'")) ==
        "f.toml:4:8: nats.user: expected one way to log in, found nats.credentials too\n"
        "f.toml:7:14: nats.token_file: expected one way to log in, found nats.credentials too");
  CHECK(mistakes("name = 'a'\nbus = 'b'\nnats.urls = ['nats://t@h']\nnats.token_file = '/t'\n" + out_rule) ==
        "f.toml:4:19: nats.token_file: expected one way to log in, found nats.urls too");
}

TEST_CASE("a rule begins with new events, all of them, or those of an age", "[bridge]") {
  const auto start = [](const std::string& text) {
    return rules(out_rule + "start = '" + text + "'").out.front().start;
  };
  CHECK(start("new") == RuleStart{});
  CHECK(start("all") == RuleStart{Kind::all, 0s});
  CHECK(start("1s") == RuleStart{Kind::age, 1s});
  CHECK(start("2m16s") == RuleStart{Kind::age, 136s});
  for (const char* bad : {"", "old", "0s", "999ms", "10", "-1s"}) {
    CAPTURE(bad);
    CHECK(mistakes(with_rules(out_rule + "start = '" + bad + "'")) ==
          R"(f.toml:6:9: out.start: expected "new", "all", or a time back from now, "1s" to "87600h", such as "10m", )"
          "found the string \"" +
              std::string{bad} + '"');
  }
}

TEST_CASE("a wrong value of a rule is named with its place, and what was expected", "[bridge]") {
  const std::string in_rule = "[[in]]\nfrom = ['c']\ntopics = 'x'\n";
  struct Case {
    std::string rules;
    const char* said;
  };
  for (const Case& c : {
           Case{"out = 1", "f.toml:4:7: out: expected an array of tables, [[out]], found the integer 1"},
           Case{"[in]\nfrom = ['c']", "f.toml:4:1: in: expected an array of tables, [[in]], found a table"},
           Case{"[[out]]\ntopics = 5",
                "f.toml:5:10: out.topics: expected a pattern of topics, such as \"video.>\", found the integer 5"},
           Case{"[[out]]\ntopics = 'a..b'", "f.toml:5:10: out.topics: pattern 'a..b': expected tokens of"},
           Case{"[[out]]\ntopics = ''", "f.toml:5:10: out.topics: pattern"},
           Case{"[[out]]\ntopics = '>.a'", "f.toml:5:10: out.topics: pattern '>.a': expected"},
           Case{out_rule + "delivery = 'fast'",
                R"(f.toml:6:12: out.delivery: expected "reliable" or "lossy", found the string "fast")"},
           Case{out_rule + "forward = 1", "f.toml:6:11: out.forward: expected true or false"},
           Case{out_rule + "from = ['c']",
                "f.toml:6:1: out.from: unknown key; expected one of topics, delivery, start, forward"},
           Case{"[[in]]\nfrom = 'c'\ntopics = 'x'", "f.toml:5:8: in.from: expected an array, found the string \"c\""},
           Case{"[[in]]\nfrom = []\ntopics = 'x'",
                "f.toml:5:8: in.from: expected names of bridges, or \"*\" alone for each of them, found none"},
           Case{"[[in]]\nfrom = ['c', 'd.e']\ntopics = 'x'",
                "f.toml:5:14: in.from: expected names of bridges, or \"*\" alone"},
           Case{"[[in]]\nfrom = ['c', '*']\ntopics = 'x'",
                "f.toml:5:14: in.from: expected names of bridges, or \"*\" alone"},
           Case{"[[in]]\nfrom = ['c', 'a']\ntopics = 'x'",
                "f.toml:5:14: in.from: expected other bridges, found this one's own name, \"a\""},
           Case{"[[in]]\nfrom = ['c']\ntopics = 'x y'", "f.toml:6:10: in.topics: pattern 'x y': expected"},
           Case{in_rule + "start = 1", "f.toml:7:9: in.start: expected \"new\", \"all\", or a time back"},
           Case{in_rule + "forward = true",
                "f.toml:7:1: in.forward: unknown key; expected one of from, topics, into, start"},
       }) {
    CAPTURE(c.rules);
    CHECK_THAT(mistakes(with_rules(c.rules)), Catch::StartsWith(c.said));
  }
  for (const char* good : {"{topic}", "{origin}.{topic}", "remote.{topic}", "{topic}.from-{origin}"}) {
    CAPTURE(good);
    CHECK(mistakes(with_rules(in_rule + "into = '" + good + "'")) == "none");
  }
  for (const char* bad :
       {"", "remote", "{origin}", "{topics}", "{topic}.{bus}", "{topic}.", "{topic}.*", "{topic} x", "{{topic}}"}) {
    CAPTURE(bad);
    CHECK_THAT(
        mistakes(with_rules(in_rule + "into = '" + bad + "'")),
        Catch::StartsWith("f.toml:7:8: in.into: expected a topic that contains {topic}, and may contain {origin}, "
                          "such as \"{origin}.{topic}\", found the string"));
  }
}

TEST_CASE("two rules for the same origin and pattern are a mistake at the second one", "[bridge]") {
  CHECK(mistakes(with_rules(
            "[[in]]\nfrom = ['c', 'd']\ntopics = 'x'\n[[in]]\nfrom = ['e', 'd']\ntopics = 'x'\ninto = 'y.{topic}'")) ==
        "f.toml:8:14: in.from: expected one rule for \"x\" from \"d\", found the first one at line 5");
  CHECK(mistakes(with_rules("[[in]]\nfrom = ['c', 'c']\ntopics = 'x'")) ==
        "f.toml:5:14: in.from: expected one rule for \"x\" from \"c\", found the first one at line 5");
  CHECK(mistakes(with_rules("[[in]]\nfrom = ['*']\ntopics = 'x'\n[[in]]\nfrom = ['*']\ntopics = 'x'")) ==
        "f.toml:8:9: in.from: expected one rule for \"x\" from \"*\", found the first one at line 5");
  CHECK(mistakes(with_rules(out_rule + out_rule)) ==
        "f.toml:7:10: out.topics: expected one rule for \"a.>\", found the first one at line 5");
  // Another pattern, another origin, or the other direction is another rule.
  CHECK(mistakes(
            with_rules("[[in]]\nfrom = ['c']\ntopics = 'x'\n[[in]]\nfrom = ['c']\ntopics = 'y'\n[[in]]\nfrom = ['d']\n"
                       "topics = 'x'\n[[out]]\ntopics = 'x'")) == "none");
}

TEST_CASE("all mistakes of a bridge's configuration are reported at once, in their order", "[bridge]") {
  CHECK_THAT(
      mistakes("name = 'a b'\nx = 1\n[nats]\nurls = ['http://h']\nwindow = 0\n[[in]]\nfrom = ['c']\ntopics = ''\n"
               "[[out]]\ndelivery = 1\n[[in]]\nfrom = ['c']\n[log]\nlevel = ''\n"),
      Catch::Matches("f\\.toml:1:1: bus: [^\n]*\nf\\.toml:1:8: name: [^\n]*\nf\\.toml:2:1: x: [^\n]*\n"
                     "f\\.toml:4:9: nats\\.urls: [^\n]*\nf\\.toml:5:10: nats\\.window: [^\n]*\n"
                     "f\\.toml:8:10: in\\.topics: [^\n]*\nf\\.toml:9:1: out\\.topics: [^\n]*\n"
                     "f\\.toml:10:12: out\\.delivery: [^\n]*\nf\\.toml:11:1: in\\.topics: [^\n]*\n"
                     "f\\.toml:14:9: log\\.level: [^\n]*"));
}

TEST_CASE("a bridge's configuration that can't be read is named, with the reason", "[bridge]") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(read_settings(folder.file("none")),
                    Catch::Contains("none: expected a readable file, found: No such"));
  CHECK_THAT(mistakes("name = \n"), Catch::StartsWith("f.toml:1:8: "));
}
