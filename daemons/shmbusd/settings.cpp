#include "settings.hpp"

#include <arpa/inet.h>
#include <pwd.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "duration_setting.hpp"
#include "http_url.hpp"

namespace shmbus::daemon {
namespace {

bool is_bus_name(std::string_view name) {
  static constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !name.empty() && name.size() <= 32 && name.find_first_not_of(allowed) == std::string_view::npos;
}

std::optional<uid_t> user_id(const std::string& name) {
  const passwd* user = ::getpwnam(name.c_str());
  return user == nullptr ? std::nullopt : std::optional{user->pw_uid};
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && rest == text.data() + text.size() && port <= 65'535;
}

/// Numeric addresses only: who can reach the metrics must not depend on a name service.
bool is_listen(const std::string& text) {
  if (text.empty()) return true;
  if (text.starts_with(unix_prefix)) {
    const std::string path = text.substr(unix_prefix.size());
    return path.starts_with('/') && path.size() < sizeof(sockaddr_un::sun_path);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || !is_port(std::string_view{text}.substr(colon + 1))) return false;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  const std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    return ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), address.data()) == 1;
  return ::inet_pton(AF_INET, host.c_str(), address.data()) == 1;
}

std::string where(const std::string& name, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", name, region.begin.line, region.begin.column);
}

/// A value of the configuration in words.
std::string described(const toml::node& node) {
  std::string value;
  node.visit([&](const auto& n) {
    using Node = std::remove_cvref_t<decltype(n)>;
    if constexpr (std::is_same_v<Node, toml::value<std::string>>) value = fmt::format(" \"{}\"", n.get());
    if constexpr (std::is_same_v<Node, toml::value<std::int64_t>>) value = fmt::format(" {}", n.get());
  });
  static constexpr auto kind = [](toml::node_type type) -> std::string_view {
    switch (type) {
      case toml::node_type::table:
        return "a table";
      case toml::node_type::array:
        return "an array";
      case toml::node_type::string:
        return "the string";
      case toml::node_type::integer:
        return "the integer";
      case toml::node_type::floating_point:
        return "a floating-point number";
      case toml::node_type::boolean:
        return "a boolean";
      default:
        return "a date or time";
    }
  };
  return std::string{kind(node.type())} + value;
}

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  Settings read(const toml::table& root) {
    Settings s;
    const auto strings = [this](auto each) { return [this, each](const Key& key) { list(key, each); }; };
    table(root, "",
          {{"interval", [&](const Key& key) { duration(key, s.interval, std::chrono::milliseconds{10}); }},
           {"buses", strings([&](const Key& key) { bus(key, s.buses); })},
           {"owners", strings([&](const Key& key) { owner(key, s.owners); })},
           {"reap", [&](const Key& key) { boolean(key, s.reap); }},
           {"warn",
            [&](const Key& key) {
              subtable(key, {{"gating", [&](const Key& k) { duration(k, s.gating_limit, {}); }},
                             {"memory", [&](const Key& k) { percent(k, s.memory_limit); }}});
            }},
           {"metrics",
            [&](const Key& key) {
              subtable(key, {{"listen", [&](const Key& k) { listen(k, s.listen); }}});
            }},
           {"trace", [&](const Key& key) { trace(key, s.trace); }},
           {"log", [&](const Key& key) {
              subtable(key, {{"level", [&](const Key& k) { level(k, s.log_level); }}});
            }}});
    if (!mistakes_.empty()) refuse();
    return s;
  }

 private:
  struct Key {
    std::string name;  ///< with the tables it is in
    const toml::node& node;
  };
  using Use = std::function<void(const Key&)>;
  using Known = std::vector<std::pair<std::string_view, Use>>;

  struct Mistake {
    toml::source_position place;
    std::string text;
  };

  void mistake(const toml::source_region& region, const std::string& key, const std::string& text) {
    mistakes_.push_back({region.begin, fmt::format("{}: {}: {}", where(name_, region), key, text)});
  }
  [[noreturn]] void refuse() {
    std::stable_sort(mistakes_.begin(), mistakes_.end(),
                     [](const Mistake& a, const Mistake& b) { return a.place < b.place; });
    std::string text;
    for (const Mistake& one : mistakes_) text += (text.empty() ? "" : "\n") + one.text;
    throw SettingsError(text);
  }
  void unexpected(const Key& key, std::string_view expected) {
    mistake(key.node.source(), key.name, fmt::format("expected {}, found {}", expected, described(key.node)));
  }

  void table(const toml::table& table, const std::string& prefix, const Known& known) {
    for (const auto& [key, node] : table) {
      const std::string_view last = key.str();
      const std::string full = prefix + std::string{last};
      const auto use = std::find_if(known.begin(), known.end(), [&](const auto& k) { return k.first == last; });
      if (use != known.end()) {
        use->second({full, node});
        continue;
      }
      std::string names;
      for (const auto& [name, unused] : known) names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
      mistake(key.source(), full, fmt::format("unknown key; expected one of {}", names));
    }
  }
  void subtable(const Key& key, const Known& known) {
    if (const toml::table* inner = key.node.as_table()) return table(*inner, key.name + '.', known);
    unexpected(key, "a table");
  }

  void trace(const Key& key, TraceSettings& t) {
    using namespace std::chrono_literals;
    subtable(key, {{"endpoint", [&](const Key& k) { endpoint(k, t.endpoint); }},
                   {"slower_than", [&](const Key& k) { duration(k, t.slower_than, {}); }},
                   {"failed", [&](const Key& k) { boolean(k, t.failed); }},
                   {"sampled", [&](const Key& k) { boolean(k, t.sampled); }},
                   {"sample", [&](const Key& k) { share(k, t.sample); }},
                   {"settle", [&](const Key& k) { duration(k, t.settle, 100ms, 10min); }},
                   {"interval", [&](const Key& k) { duration(k, t.interval, 10ms, 1min); }},
                   {"timeout", [&](const Key& k) { duration(k, t.timeout, 100ms, 1min); }},
                   {"events", [&](const Key& k) { count(k, t.events, 1000, 10'000'000, "a number of events"); }},
                   {"queue", [&](const Key& k) {
                      std::size_t mebibytes = 0;
                      count(k, mebibytes, 1, 4096, "a number of MiB");
                      t.queue = mebibytes << 20;
                    }}});
  }

  void list(const Key& key, const Use& each) {
    const toml::array* all = key.node.as_array();
    if (all == nullptr) return unexpected(key, "an array");
    for (const toml::node& node : *all) each({key.name, node});
  }

  void bus(const Key& key, std::vector<std::string>& buses) {
    const auto name = key.node.value_exact<std::string>();
    if (!name || !is_bus_name(*name)) return unexpected(key, "bus names, [A-Za-z0-9_-]{1,32}");
    if (std::find(buses.begin(), buses.end(), *name) == buses.end()) buses.push_back(*name);
  }
  void owner(const Key& key, std::vector<uid_t>& owners) {
    if (const auto number = key.node.value_exact<std::int64_t>(); number && *number >= 0 && *number < 0xffff'ffff) {
      owners.push_back(static_cast<uid_t>(*number));
      return;
    }
    const auto name = key.node.value_exact<std::string>();
    const auto id = name ? user_id(*name) : std::nullopt;
    if (!id) return unexpected(key, "users of this machine, by name or number");
    owners.push_back(*id);
  }
  void boolean(const Key& key, bool& value) {
    const auto found = key.node.value_exact<bool>();
    if (!found) return unexpected(key, "true or false");
    value = *found;
  }
  /// `least` 0: and that means never. Both bounds are a whole number of one unit.
  void duration(const Key& key, std::chrono::nanoseconds& value, std::chrono::nanoseconds least,
                std::chrono::nanoseconds most = std::chrono::hours{1}) {
    const auto text = key.node.value_exact<std::string>();
    const auto found = text ? parse_duration(*text) : std::nullopt;
    if (!found || *found < least || *found > most)
      return unexpected(key, fmt::format("a time from {} to \"{}\", such as \"500ms\", \"5s\" or \"2m\"",
                                         least.count() == 0 ? "\"0s\" (never)" : '"' + duration_setting(least) + '"',
                                         duration_setting(most)));
    value = *found;
  }
  void count(const Key& key, std::size_t& value, std::int64_t least, std::int64_t most, std::string_view what) {
    const auto found = key.node.value_exact<std::int64_t>();
    if (!found || *found < least || *found > most)
      return unexpected(key, fmt::format("{}, {} to {}", what, least, most));
    value = static_cast<std::size_t>(*found);
  }
  void share(const Key& key, double& value) {
    const auto found = key.node.value<double>();  // 0 and 1 as well
    if (!found || !(*found >= 0 && *found <= 1)) return unexpected(key, "a share from 0 (none) to 1 (all), such as 0.01");
    value = *found;
  }
  void endpoint(const Key& key, std::string& value) {
    const auto text = key.node.value_exact<std::string>();
    if (!text) return unexpected(key, "\"http://HOST[:PORT][/PATH]\", or \"\" (no export)");
    try {
      if (!text->empty()) tracing::parse_otlp_url(*text);
      value = *text;
    } catch (const std::exception& error) {
      mistake(key.node.source(), key.name, error.what());
    }
  }
  void percent(const Key& key, unsigned& value) {
    const auto found = key.node.value_exact<std::int64_t>();
    if (!found || *found < 0 || *found > 100) return unexpected(key, "a percentage, 0 (never) to 100");
    value = static_cast<unsigned>(*found);
  }
  void listen(const Key& key, std::string& value) {
    const auto text = key.node.value_exact<std::string>();
    if (!text || !is_listen(*text))
      return unexpected(key, "\"ADDRESS:PORT\" with a numeric address, \"unix:/PATH\", or \"\" (no metrics)");
    value = *text;
  }
  void level(const Key& key, spdlog::level::level_enum& value) {
    static constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 4> levels{
        {{"debug", spdlog::level::debug},
         {"info", spdlog::level::info},
         {"warning", spdlog::level::warn},
         {"error", spdlog::level::err}}};
    const auto text = key.node.value_exact<std::string>();
    for (const auto& [name, found] : levels) {
      if (text && *text == name) {
        value = found;
        return;
      }
    }
    unexpected(key, "\"debug\", \"info\", \"warning\" or \"error\"");
  }

  const std::string& name_;
  std::vector<Mistake> mistakes_;
};

}  // namespace

Settings parse_settings(std::string_view text, const std::string& name) {
  toml::table root;
  try {
    root = toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    throw SettingsError(fmt::format("{}: {}", where(name, error.source()), error.description()));
  }
  return Reader(name).read(root);
}

Settings read_settings(const std::string& path) {
  const auto refuse = [&](const std::error_code& error) {
    throw SettingsError(fmt::format("{}: expected a readable file, found: {}", path, error.message()));
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) refuse(std::make_error_code(std::errc::is_a_directory));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) refuse({errno, std::generic_category()});
  return parse_settings(std::string{std::istreambuf_iterator<char>{file}, {}}, path);
}

}  // namespace shmbus::daemon
