#include "unattached_text.hpp"

#include <fmt/format.h>

#include "printable_text.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {

std::string reason_text(const UnattachedSnapshot& topic) { return topic.code ? to_string(*topic.code) : "unknown"; }

std::string unattached_text(const SubscriptionSnapshot& s) {
  std::string text = fmt::format("{} that match{} '{}'", counted(s.unattached_count, "topic"),
                                 s.unattached_count == 1 ? "es" : "", printable(s.pattern));
  const char* between = ": ";
  for (const UnattachedSnapshot& topic : s.unattached) {
    text += fmt::format("{}{} ({})", between, topic.topic.empty() ? "a topic that was removed" : printable(topic.topic),
                        reason_text(topic));
    between = ", ";
  }
  if (s.unattached_count > s.unattached.size())
    text += fmt::format(" and {} more", s.unattached_count - s.unattached.size());
  return text;
}

std::string unattached_remedy(const SubscriptionSnapshot& s) {
  const auto code = s.unattached.empty() ? std::nullopt : s.unattached.front().code;
  if (!code) return "ask the subscriber: Subscriber::unattached() gives the reason";
  switch (*code) {
    case ErrorCode::limit:
      return "it has no descriptors left (ulimit -n), or all 64 ports of the topic are taken: see shmbus ports TOPIC";
    case ErrorCode::permission:
      return "create the topic with a mode or group that admits its user, or subscribe to a narrower pattern";
    case ErrorCode::untrusted:
      return "name the topic's owner in its BusOptions::owners, or subscribe to a narrower pattern";
    case ErrorCode::no_memory:
      return "free memory: /dev/shm, or its limits of address space and locked memory";
    case ErrorCode::type_mismatch:
      return "subscribe to a topic that carries its type, or to a narrower pattern";
    default:
      return "ask the subscriber: Subscriber::unattached() gives the reason";
  }
}

}  // namespace shmbus::tool
