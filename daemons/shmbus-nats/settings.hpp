#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <spdlog/common.h>

#include "settings_error.hpp"
#include "shmbus/options.hpp"

namespace shmbus::bridge {

using daemon::SettingsError;

/// Where JetStream keeps the stream.
enum class Storage : std::uint8_t { file, memory };

/// Where a rule begins on a bus or stream that has never seen the other side.
struct RuleStart {
  enum class Kind : std::uint8_t {
    fresh,  ///< "new": with what comes from now on
    all,    ///< "all": with the oldest that is still there
    age,    ///< "10m": with what is not older than this
  } kind = Kind::fresh;
  std::chrono::nanoseconds age{0};

  friend bool operator==(const RuleStart&, const RuleStart&) = default;
};

/// The connection to NATS, and the bridge's stream. At most one way to log in is set.
struct NatsSettings {
  std::vector<std::string> urls{};  ///< nats://[USER:PASSWORD@]HOST[:PORT], or tls://
  // Paths are absolute; an empty one is not set.
  std::string credentials{};
  std::string nkey{}, nkey_public{};  ///< a file with the seed, and its public key
  std::string user{}, password_file{};
  std::string token_file{};
  bool tls = false;  ///< also where a URL or a file says so
  std::string ca{}, certificate{}, key{};
  unsigned replicas = 1;  ///< of the stream, 1 to 5
  Storage storage = Storage::file;
  std::int64_t max_bytes = 0;           ///< of the stream; 0: no limit
  std::chrono::nanoseconds max_age{0};  ///< of the stream's messages, 1 s or more; 0: no limit
  std::size_t window = 4096;            ///< messages in flight, 1 to 65536

  friend bool operator==(const NatsSettings&, const NatsSettings&) = default;
};

/// What goes from the bus to NATS.
struct OutRule {
  std::string topics{};  ///< a pattern
  Delivery delivery = Delivery::reliable;
  RuleStart start{};
  bool forward = false;  ///< also what came in

  friend bool operator==(const OutRule&, const OutRule&) = default;
};

/// What comes from NATS to the bus.
struct InRule {
  std::vector<std::string> from{};  ///< bridges, or "*" alone: each of them
  std::string topics{};             ///< a pattern
  std::string into = "{topic}";     ///< the topic on the bus; may contain {origin}
  RuleStart start{};

  friend bool operator==(const InRule&, const InRule&) = default;
};

/// The settings of the configuration file; shmbus-nats(8) describes each key.
struct Settings {
  std::string name{};
  std::string bus{};
  std::vector<uid_t> owners{};  ///< whose bus it may be, besides the own user's and root's
  NatsSettings nats{};
  std::vector<OutRule> out{};
  std::vector<InRule> in{};
  std::string listen = "127.0.0.1:9872";  ///< HOST:PORT, unix:PATH, or empty: no metrics
  spdlog::level::level_enum log_level = spdlog::level::info;

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// Reads TOML. `name` is the file's name in messages. Throws SettingsError.
Settings parse_settings(std::string_view text, const std::string& name);
/// Reads a file in the same way.
Settings read_settings(const std::string& path);

}  // namespace shmbus::bridge
