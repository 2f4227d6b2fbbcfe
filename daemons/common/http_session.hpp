#pragma once

#include <memory>

#include <boost/asio/generic/stream_protocol.hpp>

#include "http_pages.hpp"

namespace shmbus::daemon {

/// A connection, by TCP or a Unix socket.
using HttpSocket = boost::asio::generic::stream_protocol::socket;

/// Reads one request and answers it, on the thread that runs the socket's io_context.
void serve(HttpSocket socket, std::shared_ptr<const HttpPages> pages);

}  // namespace shmbus::daemon
