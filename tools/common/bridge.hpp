#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "shmbus/snapshot.hpp"

namespace shmbus::tool {

/// The bridges to NATS on a bus: processes of the program shmbus-nats. Their subscriptions are named "bridge NAME".
class Bridges {
 public:
  explicit Bridges(const BusSnapshot& bus);

  /// The name of the bridge that a node is. Nothing if it is none; empty if it does not subscribe, so that its name is not
  /// known.
  std::optional<std::string> name_of(std::uint64_t node) const;

  /// What tables call a process: "bridge host-a to NATS" for a bridge, otherwise as process_text.
  std::string process_text(std::uint64_t node, const std::string& name, const std::string& program) const;

 private:
  void add(std::uint64_t node, const std::string& name, const std::string& program);

  std::map<std::uint64_t, std::string> names_;  // by node
};

/// "bridge host-a to NATS", or "bridge to NATS" if its name is not known.
std::string bridge_text(const std::string& name);

/// What to do if a bridge is behind.
extern const char* const bridge_remedy;

}  // namespace shmbus::tool
