#pragma once

#include <string>

#include "shmbus/error.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// A topic that matches a subscriber's pattern, and that the subscriber could not attach.
struct UnattachedTopic {
  std::string topic;   ///< its name
  ErrorCode code{};    ///< why
  std::string reason;  ///< the reason as a line for people, with what to do
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
