#pragma once

#include <string>

#include "shmbus/snapshot.hpp"

namespace shmbus::tool {

/// The topics that a subscription could not attach: "3 topics that match '>': a (limit), b (untrusted) and 1 more".
std::string unattached_text(const SubscriptionSnapshot& subscription);

/// What to do about the first of these topics.
std::string unattached_remedy(const SubscriptionSnapshot& subscription);

/// The reason in a word: an error code's name, or "unknown".
std::string reason_text(const UnattachedSnapshot& topic);

}  // namespace shmbus::tool
