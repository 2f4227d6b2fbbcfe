#pragma once

#include <string_view>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Returns whether a subscriber's pattern covers a topic. Returns false for an invalid topic name. *Throws* Error,
/// `invalid_name`, for an invalid pattern.
bool matches(std::string_view pattern, std::string_view topic);

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
