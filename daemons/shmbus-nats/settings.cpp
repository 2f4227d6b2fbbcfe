#include "settings.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "duration_setting.hpp"
#include "nats_url.hpp"
#include "settings_reader.hpp"
#include "shmbus/error.hpp"
#include "shmbus/pattern.hpp"
#include "topic_form.hpp"

namespace shmbus::bridge {
namespace {

using daemon::Setting;
using namespace std::chrono_literals;

constexpr std::string_view name_expected = "a name, [A-Za-z0-9_-]{1,32}";
constexpr std::string_view urls_expected = "at least one URL of a server, such as \"nats://127.0.0.1:4222\"";
constexpr std::string_view topics_expected = "a pattern of topics, such as \"video.>\"";
constexpr std::string_view from_expected = "names of bridges, or \"*\" alone for each of them";
constexpr std::chrono::nanoseconds longest = 87'600h;

/// A public key of a user, in the base 32 of NATS.
bool is_public_key(const std::string& text) {
  static constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return text.size() == 56 && text.front() == 'U' && text.find_first_not_of(allowed) == std::string::npos;
}

class Reader : public daemon::SettingsReader {
 public:
  using SettingsReader::SettingsReader;

  Settings read() {
    Settings s;
    table(root(),
          {{"name", [&](const Setting& v) { text(v, s.name, name_expected, daemon::is_bus_name); }},
           {"bus", [&](const Setting& v) { text(v, s.bus, name_expected, daemon::is_bus_name); }},
           {"owners", [&](const Setting& v) { users(v, s.owners); }},
           {"nats", [&](const Setting& v) { nats(v, s.nats); }},
           {"out", [&](const Setting& v) { tables(v, [&](const Setting& one) { s.out.push_back(out(one)); }); }},
           {"in", [&](const Setting& v) { tables(v, [&](const Setting& one) { s.in.push_back(in(one)); }); }},
           {"metrics",
            [&](const Setting& v) {
              table(v, {{"listen", [&](const Setting& w) { listen_address(w, s.listen); }}});
            }},
           {"log", [&](const Setting& v) {
              table(v, {{"level", [&](const Setting& w) { log_level(w, s.log_level); }}});
            }}});
    require(root(), "name", name_expected);
    require(root(), "bus", name_expected);
    if (!find(root(), "nats"))
      mistake({"nats.urls", root().node}, fmt::format("expected {}, found nothing", urls_expected));
    if (has_no_rules("out") && has_no_rules("in"))
      mistake({"out, in", root().node}, "expected at least one rule, [[out]] or [[in]], found none");
    finish();
    return s;
  }

 private:
  bool has_no_rules(std::string_view key) const {
    const auto rules = find(root(), key);
    return !rules || (rules->node.is_array() && rules->node.as_array()->empty());
  }

  void nats(const Setting& setting, NatsSettings& n) {
    std::size_t replicas = n.replicas;
    const auto path = [this](std::string& to) { return [this, &to](const Setting& v) { file(v, to); }; };
    table(setting,
          {{"urls", [&](const Setting& v) { urls(v, n.urls); }},
           {"credentials", path(n.credentials)},
           {"nkey", path(n.nkey)},
           {"nkey_public", [&](const Setting& v) { public_key(v, n.nkey_public); }},
           {"user", [&](const Setting& v) { text(v, n.user, "a user's name", any); }},
           {"password_file", path(n.password_file)},
           {"token_file", path(n.token_file)},
           {"tls", [&](const Setting& v) { boolean(v, n.tls); }},
           {"ca", path(n.ca)},
           {"certificate", path(n.certificate)},
           {"key", path(n.key)},
           {"replicas", [&](const Setting& v) { count(v, replicas, 1, 5, "a number of servers"); }},
           {"storage", [&](const Setting& v) { storage(v, n.storage); }},
           {"max_bytes", [&](const Setting& v) { bytes(v, n.max_bytes, "no limit"); }},
           {"max_age",
            [&](const Setting& v) { duration(v, n.max_age, {.least = 1s, .most = longest, .zero = "no limit"}); }},
           {"window", [&](const Setting& v) { count(v, n.window, 1, 65'536, "a number of messages"); }}});
    n.replicas = static_cast<unsigned>(replicas);
    require(setting, "urls", urls_expected);
    both_or_none(setting, "nkey", n.nkey, "nkey_public", n.nkey_public);
    both_or_none(setting, "user", n.user, "password_file", n.password_file);
    both_or_none(setting, "certificate", n.certificate, "key", n.key);
    one_login(setting, n);
    const auto by_tls = [](const std::string& url) { return url.starts_with("tls:"); };
    n.tls |= !n.ca.empty() || !n.certificate.empty() || std::any_of(n.urls.begin(), n.urls.end(), by_tls);
  }

  static bool any(const std::string&) { return true; }

  void urls(const Setting& setting, std::vector<std::string>& to) {
    if (setting.node.is_array() && setting.node.as_array()->empty())
      return mistake(setting, fmt::format("expected {}, found none", urls_expected));
    list(setting, [&](const Setting& one) {
      static constexpr std::string_view expected = "nats://[USER:PASSWORD@]HOST[:PORT], or the same with tls://";
      const auto url = one.node.value_exact<std::string>();
      if (!url) return unexpected(one, expected);
      if (!is_nats_url(*url))
        return mistake(one, fmt::format("expected {}, found the string \"{}\"", expected, without_login(*url)));
      to.push_back(*url);
    });
  }

  void file(const Setting& setting, std::string& path) {
    text(setting, path, "the absolute path of a file, or \"\" (none)",
         [](const std::string& found) { return found.empty() || found.starts_with('/'); });
  }

  void public_key(const Setting& setting, std::string& key) {
    text(setting, key, "a user's public key, U and 55 more letters and digits, or \"\" (none)",
         [](const std::string& found) { return found.empty() || is_public_key(found); });
  }

  void storage(const Setting& setting, Storage& to) {
    std::string found;
    text(setting, found, "\"file\" or \"memory\"", [](const auto& t) { return t == "file" || t == "memory"; });
    to = found == "memory" ? Storage::memory : Storage::file;
  }

  /// A mistake at the one that is there alone. A value that is wrong already is there.
  void both_or_none(const Setting& table, std::string_view key, const std::string& value, std::string_view other_key,
                    const std::string& other) {
    if (value.empty() && !other.empty()) return both_or_none(table, other_key, other, key, value);
    if (value.empty() || !other.empty()) return;
    const auto found = find(table, other_key);
    if (found && found->node.value_or(std::string{"wrong"}) != "") return;
    mistake(*find(table, key), fmt::format("expected {}.{} beside it, found nothing", table.key, other_key));
  }

  void one_login(const Setting& table, const NatsSettings& n) {
    const bool by_url = std::any_of(n.urls.begin(), n.urls.end(), logs_in);
    const std::array<std::pair<std::string_view, bool>, 5> ways{{{"urls", by_url},
                                                                 {"credentials", !n.credentials.empty()},
                                                                 {"nkey", !n.nkey.empty()},
                                                                 {"user", !n.user.empty()},
                                                                 {"token_file", !n.token_file.empty()}}};
    std::string_view first;
    for (const auto& [key, used] : ways) {
      if (!used) continue;
      if (!first.empty())
        mistake(*find(table, key), fmt::format("expected one way to log in, found {}.{} too", table.key, first));
      else
        first = key;
    }
  }

  OutRule out(const Setting& setting) {
    OutRule rule;
    table(setting, {{"topics", [&](const Setting& v) { topics(v, rule.topics); }},
                    {"delivery", [&](const Setting& v) { delivery(v, rule.delivery); }},
                    {"start", [&](const Setting& v) { start(v, rule.start); }},
                    {"forward", [&](const Setting& v) { boolean(v, rule.forward); }}});
    require(setting, "topics", topics_expected);
    if (const auto v = find(setting, "topics"); v && !rule.topics.empty()) once(*v, {}, rule.topics);
    return rule;
  }

  InRule in(const Setting& setting) {
    InRule rule;
    table(setting, {{"from", [&](const Setting& v) { from(v, rule.from); }},
                    {"topics", [&](const Setting& v) { topics(v, rule.topics); }},
                    {"into",
                     [&](const Setting& v) {
                       text(v, rule.into,
                            "a topic that contains {topic}, and may contain {origin}, such as \"{origin}.{topic}\"",
                            is_topic_form);
                     }},
                    {"start", [&](const Setting& v) { start(v, rule.start); }}});
    require(setting, "from", from_expected);
    require(setting, "topics", topics_expected);
    if (const auto v = find(setting, "from"); v && v->node.is_array() && !rule.topics.empty()) {
      list(*v, [&](const Setting& one) {
        if (const auto origin = one.node.value_exact<std::string>()) once(one, *origin, rule.topics);
      });
    }
    return rule;
  }

  void from(const Setting& setting, std::vector<std::string>& to) {
    const auto own = root().node.as_table()->get("name");
    if (setting.node.is_array() && setting.node.as_array()->empty())
      return mistake(setting, fmt::format("expected {}, found none", from_expected));
    list(setting, [&](const Setting& one) {
      const bool alone = setting.node.as_array()->size() == 1;
      std::string origin;
      text(one, origin, from_expected,
           [&](const std::string& found) { return found == "*" ? alone : daemon::is_bus_name(found); });
      if (own != nullptr && !origin.empty() && own->value_exact<std::string>() == origin)
        mistake(one, fmt::format("expected other bridges, found this one's own name, \"{}\"", origin));
      to.push_back(origin);
    });
  }

  void topics(const Setting& setting, std::string& pattern) try {
    const auto found = setting.node.value_exact<std::string>();
    if (!found) return unexpected(setting, topics_expected);
    matches(*found, "any");
    pattern = *found;
  } catch (const Error& error) {
    mistake(setting, error.what());
  }

  void delivery(const Setting& setting, Delivery& to) {
    std::string found;
    text(setting, found, "\"reliable\" or \"lossy\"", [](const auto& t) { return t == "reliable" || t == "lossy"; });
    to = found == "lossy" ? Delivery::lossy : Delivery::reliable;
  }

  void start(const Setting& setting, RuleStart& to) {
    const auto found = setting.node.value_exact<std::string>();
    const auto age = found ? daemon::parse_duration(*found) : std::nullopt;
    if (found == "new") {
      to = {RuleStart::Kind::fresh, {}};
    } else if (found == "all") {
      to = {RuleStart::Kind::all, {}};
    } else if (age && *age >= 1s) {
      to = {RuleStart::Kind::age, *age};
    } else {
      unexpected(setting, fmt::format("\"new\", \"all\", or a time back from now, \"1s\" to \"{}\", such as \"10m\"",
                                      daemon::duration_setting(longest)));
    }
  }

  /// A mistake if another rule has the same origin and pattern. Rules of [[out]] have no origin.
  void once(const Setting& setting, const std::string& origin, const std::string& pattern) {
    const auto same = [&](const Named& named) { return named.origin == origin && named.pattern == pattern; };
    const auto first = std::find_if(named_.begin(), named_.end(), same);
    const auto line = setting.node.source().begin.line;
    if (first == named_.end()) return named_.push_back({origin, pattern, line});
    mistake(setting, fmt::format("expected one rule for \"{}\"{}, found the first one at line {}", pattern,
                                 origin.empty() ? "" : fmt::format(" from \"{}\"", origin), first->line));
  }

  struct Named {
    std::string origin, pattern;
    toml::source_index line;
  };

  std::vector<Named> named_;
};

}  // namespace

Settings parse_settings(std::string_view text, const std::string& name) { return Reader(text, name).read(); }

Settings read_settings(const std::string& path) { return parse_settings(daemon::settings_text(path), path); }

}  // namespace shmbus::bridge
