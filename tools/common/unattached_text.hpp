#pragma once

#include <string>

#include "shmbus/snapshot.hpp"

namespace shmbus::tool {

/// What a subscription could not attach: "3 topics that match '>': a (limit), b (untrusted) and 1 more".
std::string unattached_text(const SubscriptionSnapshot& subscription);

/// What to do about the first of them.
std::string unattached_remedy(const SubscriptionSnapshot& subscription);

/// Why, in a word: an error code's name, or "not told".
std::string reason_text(const UnattachedSnapshot& topic);

}  // namespace shmbus::tool
