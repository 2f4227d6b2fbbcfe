#pragma once

#include <string_view>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Whether a pattern, as subscribers give it, covers a topic. False for what is no topic's name; throws Error,
/// `invalid_name`, for what is no pattern.
bool matches(std::string_view pattern, std::string_view topic);

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
