#pragma once

#include "base/pattern.hpp"
#include "shmbus/options.hpp"

namespace shmbus::detail {

/// Checks that each option is in its range, and that they fit each other. *Throws* Error, `invalid_option`.
void check_options(const base::Pattern& pattern, const SubscriberOptions& options);

}  // namespace shmbus::detail
