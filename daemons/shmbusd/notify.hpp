#pragma once

#include <string_view>

namespace shmbus::daemon {

/// Tells the service manager, as sd_notify(3) describes: lines such as "READY=1" in one datagram to the socket that
/// NOTIFY_SOCKET names. Without that variable nobody wants to know. Throws std::system_error.
///
/// The protocol is stable and this is all of it, so that libsystemd, with what it links, is not needed.
void notify(std::string_view state);

}  // namespace shmbus::daemon
