#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <shmbus/inspector.hpp>

namespace demo {

/// Inspects the bus without joining it.
class BusView {
 public:
  explicit BusView(std::string bus) : bus_(std::move(bus)) {}

  /// Sequence of the newest watch; 0 when there is none.
  std::uint64_t published();
  /// The same of any topic.
  std::uint64_t published(std::string_view topic);
  /// How many services wait for watches, or read them.
  std::size_t subscriptions();
  /// True when this service has read all watches up to that one.
  bool has_read(std::string_view service, std::uint64_t sequence);

 private:
  shmbus::BusSnapshot look();

  std::string bus_;
  std::optional<shmbus::Inspector> inspector_;  // none while there is no such bus
};

}  // namespace demo
