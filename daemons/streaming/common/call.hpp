#pragma once

#include <cstdint>

#include "common/events.hpp"

namespace streaming {

// How services were called before there was a bus: one packet each way over a Unix socket (SOCK_SEQPACKET).

struct CallRequest {
  WatchStarted watch{};
};

struct CallReply {
  std::uint64_t handled = 0;
};

}  // namespace streaming
