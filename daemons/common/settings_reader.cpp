#include "settings_reader.hpp"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <system_error>
#include <type_traits>

#include <fmt/format.h>

#include "byte_size.hpp"
#include "duration_setting.hpp"
#include "listen_address.hpp"

namespace shmbus::daemon {
namespace {

std::optional<uid_t> user_id(const std::string& name) {
  const passwd* user = ::getpwnam(name.c_str());
  return user == nullptr ? std::nullopt : std::optional{user->pw_uid};
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

bool lies_within(std::chrono::nanoseconds time, const DurationBounds& bounds) {
  return (time.count() == 0 && !bounds.zero.empty()) || (time >= bounds.least && time <= bounds.most);
}

/// The times that a setting may have, in words.
std::string described(const DurationBounds& bounds) {
  const std::string least = duration_setting(bounds.least), most = duration_setting(bounds.most);
  if (bounds.zero.empty()) return fmt::format("a time from \"{}\" to \"{}\"", least, most);
  if (bounds.least.count() == 0) return fmt::format("a time from \"0s\" ({}) to \"{}\"", bounds.zero, most);
  return fmt::format("\"0s\" ({}), or a time from \"{}\" to \"{}\"", bounds.zero, least, most);
}

toml::table parsed(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw SettingsError(fmt::format("{}: {}", where(file, error.source()), error.description()));
  }
}

/// A key with the tables it is in.
std::string inner_key(const std::string& table, std::string_view last) {
  return table.empty() ? std::string{last} : fmt::format("{}.{}", table, last);
}

}  // namespace

bool is_bus_name(std::string_view name) {
  static constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !name.empty() && name.size() <= 32 && name.find_first_not_of(allowed) == std::string_view::npos;
}

std::string settings_text(const std::string& path) {
  const auto refuse = [&](const std::error_code& error) {
    throw SettingsError(fmt::format("{}: expected a readable file, found: {}", path, error.message()));
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) refuse(std::make_error_code(std::errc::is_a_directory));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) refuse({errno, std::generic_category()});
  return {std::istreambuf_iterator<char>{file}, {}};
}

SettingsReader::SettingsReader(std::string_view text, std::string file)
    : file_(std::move(file)), root_(parsed(text, file_)) {}

void SettingsReader::finish() {
  if (mistakes_.empty()) return;
  std::stable_sort(mistakes_.begin(), mistakes_.end(),
                   [](const Mistake& a, const Mistake& b) { return a.place < b.place; });
  std::string text;
  for (const Mistake& one : mistakes_) text += (text.empty() ? "" : "\n") + one.text;
  throw SettingsError(text);
}

void SettingsReader::mistake(const toml::source_region& region, const std::string& key, const std::string& text) {
  mistakes_.push_back({region.begin, fmt::format("{}: {}: {}", where(file_, region), key, text)});
}

void SettingsReader::mistake(const Setting& setting, const std::string& text) {
  mistake(setting.node.source(), setting.key, text);
}

void SettingsReader::unexpected(const Setting& setting, std::string_view expected) {
  mistake(setting, fmt::format("expected {}, found {}", expected, described(setting.node)));
}

void SettingsReader::table(const Setting& setting, const Known& known) {
  const toml::table* const values = setting.node.as_table();
  if (values == nullptr) return unexpected(setting, "a table");
  for (const auto& [key, node] : *values) {
    const std::string_view last = key.str();
    const std::string full = inner_key(setting.key, last);
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

std::optional<Setting> SettingsReader::find(const Setting& table, std::string_view key) {
  const toml::table* const values = table.node.as_table();
  const toml::node* const node = values == nullptr ? nullptr : values->get(key);
  if (node == nullptr) return std::nullopt;
  return Setting{inner_key(table.key, key), *node};
}

void SettingsReader::require(const Setting& table, std::string_view key, std::string_view expected) {
  if (!table.node.is_table() || find(table, key)) return;
  mistake(table.node.source(), inner_key(table.key, key), fmt::format("expected {}, found nothing", expected));
}

void SettingsReader::list(const Setting& setting, const Use& each) {
  const toml::array* const all = setting.node.as_array();
  if (all == nullptr) return unexpected(setting, "an array");
  for (const toml::node& node : *all) each({setting.key, node});
}

void SettingsReader::tables(const Setting& setting, const Use& each) {
  if (!setting.node.is_array()) return unexpected(setting, fmt::format("an array of tables, [[{}]]", setting.key));
  list(setting, [&](const Setting& one) {
    if (!one.node.is_table()) return unexpected(one, fmt::format("a table, [[{}]]", setting.key));
    each(one);
  });
}

void SettingsReader::boolean(const Setting& setting, bool& value) {
  const auto found = setting.node.value_exact<bool>();
  if (!found) return unexpected(setting, "true or false");
  value = *found;
}

void SettingsReader::text(const Setting& setting, std::string& value, std::string_view expected,
                          const std::function<bool(const std::string&)>& good) {
  const auto found = setting.node.value_exact<std::string>();
  if (!found || !good(*found)) return unexpected(setting, expected);
  value = *found;
}

void SettingsReader::duration(const Setting& setting, std::chrono::nanoseconds& value, const DurationBounds& bounds) {
  if (const auto text = setting.node.value_exact<std::string>()) {
    if (const auto time = parse_duration(*text); time && lies_within(*time, bounds)) {
      value = *time;
      return;
    }
  }
  unexpected(setting, described(bounds) + ", such as \"500ms\", \"5s\" or \"2m\"");
}

void SettingsReader::count(const Setting& setting, std::size_t& value, std::int64_t least, std::int64_t most,
                           std::string_view what) {
  const auto found = setting.node.value_exact<std::int64_t>();
  if (!found || *found < least || *found > most)
    return unexpected(setting, fmt::format("{}, {} to {}", what, least, most));
  value = static_cast<std::size_t>(*found);
}

void SettingsReader::bytes(const Setting& setting, std::int64_t& value, std::string_view zero) {
  const auto text = setting.node.value_exact<std::string>();
  const auto number = setting.node.value_exact<std::int64_t>();
  const auto size = text ? tool::parse_byte_size(*text) : std::nullopt;
  if (number && *number >= 0) {
    value = *number;
  } else if (size && *size <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    value = static_cast<std::int64_t>(*size);
  } else {
    unexpected(setting, fmt::format("a number of bytes, such as \"512MiB\" or \"10GiB\", or 0 ({})", zero));
  }
}

void SettingsReader::listen_address(const Setting& setting, std::string& value) {
  text(setting, value, "\"ADDRESS:PORT\" with a numeric address, \"unix:/PATH\", or \"\" (no metrics)",
       is_listen_address);
}

void SettingsReader::log_level(const Setting& setting, spdlog::level::level_enum& value) {
  static constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 4> levels{
      {{"debug", spdlog::level::debug},
       {"info", spdlog::level::info},
       {"warning", spdlog::level::warn},
       {"error", spdlog::level::err}}};
  const auto text = setting.node.value_exact<std::string>();
  for (const auto& [name, found] : levels) {
    if (text && *text == name) {
      value = found;
      return;
    }
  }
  unexpected(setting, "\"debug\", \"info\", \"warning\" or \"error\"");
}

void SettingsReader::users(const Setting& setting, std::vector<uid_t>& value) {
  list(setting, [&](const Setting& one) {
    if (const auto number = one.node.value_exact<std::int64_t>(); number && *number >= 0 && *number < 0xffff'ffff) {
      value.push_back(static_cast<uid_t>(*number));
      return;
    }
    const auto name = one.node.value_exact<std::string>();
    const auto id = name ? user_id(*name) : std::nullopt;
    if (!id) return unexpected(one, "users of this machine, by name or number");
    value.push_back(*id);
  });
}

}  // namespace shmbus::daemon
