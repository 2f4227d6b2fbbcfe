#pragma once

#include "shmbus/options.hpp"
#include "shmbus/shmbus.h"
#include "shmbus/topic_info.hpp"

namespace shmbus::c {

/// *Throws* Error.
TopicOptions topic_options(const shmbus_topic_options* options);
/// *Throws* Error where the size of `to` was not set.
void write_info(const TopicInfo& info, shmbus_topic_info* to);

}  // namespace shmbus::c
