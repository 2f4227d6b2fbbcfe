#pragma once

#include <string>
#include <string_view>

namespace shmbus::bridge {

// Names in NATS. A bridge's name and a topic's tokens are `[A-Za-z0-9_-]`, which subjects and streams may contain.

inline constexpr std::string_view stream_prefix = "shmbus_";

/// The stream of a bridge: "shmbus_host-a".
inline std::string stream_of(std::string_view bridge) { return std::string{stream_prefix}.append(bridge); }

/// The bridge of a stream; empty where the stream is no bridge's.
inline std::string bridge_of(std::string_view stream) {
  return std::string{stream.starts_with(stream_prefix) ? stream.substr(stream_prefix.size()) : std::string_view{}};
}

/// The subject of a topic or of a pattern, which mean the same in NATS: "shmbus.host-a.video.>".
inline std::string subject_of(std::string_view bridge, std::string_view topic) {
  return std::string{"shmbus."}.append(bridge).append(".").append(topic);
}

/// The topic of a bridge's subject; empty where the subject is not the bridge's.
inline std::string_view topic_of(std::string_view bridge, std::string_view subject) {
  const std::string prefix = subject_of(bridge, "");
  return subject.starts_with(prefix) ? subject.substr(prefix.size()) : std::string_view{};
}

}  // namespace shmbus::bridge
