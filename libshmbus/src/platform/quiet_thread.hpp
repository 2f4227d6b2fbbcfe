#pragma once

#include <functional>
#include <string>
#include <thread>

namespace shmbus::platform {

/// Starts a thread that takes no signals sent to the process. All signals are blocked in it, except those that its own
/// faults raise (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT). So a program that blocks signals in its
/// threads, and reads them from a descriptor or by sigwait, still gets them all. A process started from such a thread
/// inherits the blocked signals, as from any thread. `object` names the thread's purpose in the error text. *Throws*
/// Error, `limit`, where the system refuses another thread.
std::thread start_quiet_thread(const std::string& object, std::function<void()> body);

}  // namespace shmbus::platform
