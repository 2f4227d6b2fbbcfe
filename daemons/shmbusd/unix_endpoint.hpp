#pragma once

#include "endpoint.hpp"

namespace shmbus::daemon {

/// The same metrics by HTTP over a Unix socket, for who must be kept out by file rights. Prometheus needs a proxy to
/// fetch them there, curl has --unix-socket. Boost.Beast speaks HTTP here, since the civetweb that Debian's
/// prometheus-cpp listens with is built without Unix sockets. A socket that nobody listens at any more is replaced.
/// Throws std::exception where the path is not to be had.
std::unique_ptr<Endpoint> open_unix_endpoint(const std::string& path,
                                             const std::shared_ptr<prometheus::Collectable>& metrics);

}  // namespace shmbus::daemon
