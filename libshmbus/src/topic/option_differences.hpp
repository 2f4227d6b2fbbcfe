#pragma once

#include <sys/types.h>

#include <vector>

#include "base/topic_name.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::topic {

/// The options that were asked for and that the topic does not have. One left at its default asks for nothing, unless
/// the asker is strict. Throws Error where the group asked for does not exist.
std::vector<DifferentOption> option_differences(const base::TopicName& topic, const TopicOptions& asked,
                                                const TopicInfo& found, gid_t group);

/// Throws Error, `invalid_option`, where a strict asker's options differ.
void check_strict(const base::TopicName& topic, const TopicOptions& asked, const TopicInfo& found);

}  // namespace shmbus::topic
