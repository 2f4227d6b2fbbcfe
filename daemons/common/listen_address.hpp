#pragma once

#include <string>
#include <string_view>

namespace shmbus::daemon {

inline constexpr std::string_view unix_prefix = "unix:";

/// Whether a text says where to listen: "ADDRESS:PORT" with a numeric address, "unix:/PATH", or nothing at all, which means
/// not to listen.
bool is_listen_address(const std::string& text);

}  // namespace shmbus::daemon
