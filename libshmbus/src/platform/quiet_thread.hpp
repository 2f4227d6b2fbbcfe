#pragma once

#include <functional>
#include <string>
#include <thread>

namespace shmbus::platform {

/// Starts a thread that takes none of the signals sent to the process: all are blocked in it but those that a fault of
/// its own raises (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT). So a program that blocks signals in its
/// threads, and reads them from a descriptor or by sigwait, goes on getting them all. A process that is started from
/// such a thread inherits the blocked signals, as from any thread. Throws Error, `limit`, where the system gives no
/// thread; `object` names what it was for.
std::thread start_quiet_thread(const std::string& object, std::function<void()> body);

}  // namespace shmbus::platform
