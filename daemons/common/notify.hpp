#pragma once

#include <string_view>

namespace shmbus::daemon {

/// Notifies the service manager, as sd_notify(3) describes: lines such as "READY=1" in one datagram to the socket that
/// NOTIFY_SOCKET names. Does nothing without that variable. Throws std::system_error.
///
/// The protocol is stable, and this is all of it. So libsystemd and its dependencies are not needed.
void notify(std::string_view state);

}  // namespace shmbus::daemon
