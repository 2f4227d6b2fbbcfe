#include "platform/quiet_thread.hpp"

#include <pthread.h>
#include <signal.h>

#include <system_error>
#include <utility>

#include "platform/system_error.hpp"
#include "shmbus/error.hpp"

namespace shmbus::platform {

namespace {

/// Blocks the signals in this thread, so that the thread it starts inherits that.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

std::thread start_quiet_thread(const std::string& object, std::function<void()> body) {
  try {
    const SignalsBlocked blocked;
    return std::thread(std::move(body));
  } catch (const std::system_error& e) {
    throw Error(ErrorCode::limit, {object, "one more thread", error_text(e.code().value()),
                                   "raise the limit of threads (ulimit -u; containers: --pids-limit) or of address "
                                   "space (ulimit -v), or start fewer"});
  }
}

}  // namespace shmbus::platform
