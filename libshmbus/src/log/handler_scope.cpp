#include "shmbus/detail/handler_scope.hpp"

namespace shmbus::detail {

constinit thread_local const HandlerScope* HandlerScope::innermost_ [[gnu::tls_model("initial-exec")]] = nullptr;

}  // namespace shmbus::detail
