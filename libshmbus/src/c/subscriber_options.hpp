#pragma once

#include "shmbus/options.hpp"
#include "shmbus/shmbus.h"

namespace shmbus::c {

/// *Throws* Error.
SubscriberOptions subscriber_options(const shmbus_subscriber_options* options);

}  // namespace shmbus::c
