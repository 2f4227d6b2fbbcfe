#pragma once

#include <string>
#include <vector>

#include "shmbus/options.hpp"
#include "shmbus/shmbus.h"
#include "shmbus/topic_info.hpp"

namespace shmbus::c {

/// *Throws* Error.
TopicOptions topic_options(const shmbus_topic_options* options);
/// "blocks: asked 4, found 16; ..."
std::string different_text(const std::vector<DifferentOption>& options);
/// *Throws* Error where the size of `to` was not set.
void write_info(const TopicInfo& info, shmbus_topic_info* to);

}  // namespace shmbus::c
