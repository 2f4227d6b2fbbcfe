#include "settings.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>

#include "http_url.hpp"
#include "settings_reader.hpp"

namespace shmbus::daemon {
namespace {

class Reader : public SettingsReader {
 public:
  using SettingsReader::SettingsReader;

  Settings read() {
    using namespace std::chrono_literals;
    Settings s;
    table(root(), {{"interval", [&](const Setting& v) { duration(v, s.interval, {.least = 10ms, .zero = {}}); }},
                   {"buses", [&](const Setting& v) { buses(v, s.buses); }},
                   {"owners", [&](const Setting& v) { users(v, s.owners); }},
                   {"reap", [&](const Setting& v) { boolean(v, s.reap); }},
                   {"record", [&](const Setting& v) { boolean(v, s.record); }},
                   {"warn", [&](const Setting& v) { warn(v, s); }},
                   {"metrics",
                    [&](const Setting& v) {
                      table(v, {{"listen", [&](const Setting& w) { listen_address(w, s.listen); }}});
                    }},
                   {"trace", [&](const Setting& v) { trace(v, s.trace); }},
                   {"log", [&](const Setting& v) {
                      table(v, {{"level", [&](const Setting& w) { log_level(w, s.log_level); }}});
                    }}});
    finish();
    return s;
  }

 private:
  void buses(const Setting& setting, std::vector<std::string>& names) {
    list(setting, [&](const Setting& one) {
      std::string name;
      text(one, name, "bus names, [A-Za-z0-9_-]{1,32}", is_bus_name);
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    });
  }

  void warn(const Setting& setting, Settings& s) {
    table(setting, {{"gating", [&](const Setting& v) { duration(v, s.gating_limit); }},
                    {"memory", [&](const Setting& v) { percent(v, s.memory_limit); }}});
  }

  void trace(const Setting& setting, TraceSettings& t) {
    using namespace std::chrono_literals;
    table(setting,
          {{"endpoint", [&](const Setting& v) { endpoint(v, t.endpoint); }},
           {"slower_than", [&](const Setting& v) { duration(v, t.slower_than); }},
           {"failed", [&](const Setting& v) { boolean(v, t.failed); }},
           {"sampled", [&](const Setting& v) { boolean(v, t.sampled); }},
           {"sample", [&](const Setting& v) { share(v, t.sample); }},
           {"settle", [&](const Setting& v) { duration(v, t.settle, {.least = 100ms, .most = 10min, .zero = {}}); }},
           {"interval", [&](const Setting& v) { duration(v, t.interval, {.least = 10ms, .most = 1min, .zero = {}}); }},
           {"timeout", [&](const Setting& v) { duration(v, t.timeout, {.least = 100ms, .most = 1min, .zero = {}}); }},
           {"events", [&](const Setting& v) { count(v, t.events, 1000, 10'000'000, "a number of events"); }},
           {"queue", [&](const Setting& v) {
              std::size_t mebibytes = 0;
              count(v, mebibytes, 1, 4096, "a number of MiB");
              t.queue = mebibytes << 20;
            }}});
  }

  void share(const Setting& setting, double& value) {
    const auto found = setting.node.value<double>();  // 0 and 1 as well
    if (!found || !(*found >= 0 && *found <= 1))
      return unexpected(setting, "a share from 0 (none) to 1 (all), such as 0.01");
    value = *found;
  }
  void endpoint(const Setting& setting, std::string& value) {
    const auto text = setting.node.value_exact<std::string>();
    if (!text) return unexpected(setting, "\"http://HOST[:PORT][/PATH]\", or \"\" (no export)");
    try {
      if (!text->empty()) tracing::parse_otlp_url(*text);
      value = *text;
    } catch (const std::exception& error) {
      mistake(setting, error.what());
    }
  }
  void percent(const Setting& setting, unsigned& value) {
    const auto found = setting.node.value_exact<std::int64_t>();
    if (!found || *found < 0 || *found > 100) return unexpected(setting, "a percentage, 0 (never) to 100");
    value = static_cast<unsigned>(*found);
  }
};

}  // namespace

Settings parse_settings(std::string_view text, const std::string& name) { return Reader(text, name).read(); }

Settings read_settings(const std::string& path) { return parse_settings(settings_text(path), path); }

}  // namespace shmbus::daemon
