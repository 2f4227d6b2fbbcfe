#pragma once

#include <string_view>

#include "shmbus/options.hpp"

namespace shmbus::tool {

/// Reads the value of `--from`: latest, oldest, seq:N, last:K or time:T (see `parse_time`). Throws Error `invalid_option`.
Start parse_start(std::string_view text, Time now);

}  // namespace shmbus::tool
