#include "port_text.hpp"

#include <fmt/format.h>

#include "printable_text.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {

std::string process_text(const std::string& name, const std::string& program) {
  return printable(name.empty() || name == program ? program : fmt::format("{} ({})", name, program));
}

const char* mode_text(const SubscriberSnapshot& s) noexcept {
  if (s.demoted) return "demoted";
  return s.delivery == Delivery::reliable ? "reliable" : "lossy";
}

std::string latency_text(const Latency& latency) {
  if (latency.count() == 0) return "-";
  return fmt::format("{} / {} / {}", duration_text(latency.percentile(50)), duration_text(latency.percentile(99)),
                     duration_text(latency.percentile(99.9)));
}

}  // namespace shmbus::tool
