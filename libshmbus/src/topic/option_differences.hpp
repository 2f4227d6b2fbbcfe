#pragma once

#include <sys/types.h>

#include <vector>

#include "base/topic_name.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::topic {

/// Returns the requested options that the topic does not have. An option left at its default requests nothing, unless
/// `strict` is set. *Throws* Error where the requested group does not exist.
std::vector<DifferentOption> option_differences(const base::TopicName& topic, const TopicOptions& asked,
                                                const TopicInfo& found, gid_t group);

/// Checks the options where `strict` is set. *Throws* Error, `invalid_option`, where they differ.
void check_strict(const base::TopicName& topic, const TopicOptions& asked, const TopicInfo& found);

}  // namespace shmbus::topic
