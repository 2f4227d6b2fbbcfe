#pragma once

#include <string_view>

#include "shmbus/options.hpp"

namespace shmbus::tool {

/// What `--from` says: latest, oldest, seq:N, last:K or time:T (as in `parse_time`). Throws Error `invalid_option`.
Start parse_start(std::string_view text, Time now);

}  // namespace shmbus::tool
