#pragma once

#include "python.hpp"
#include "shmbus/dispatch_options.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::python {

py::object topic_info(const TopicInfo& info);
/// *Throws* TypeError for an unknown name, as a call of Python does.
TopicOptions topic_options(const py::dict& options);
SubscriberOptions subscriber_options(const py::dict& options);
/// Where a subscriber begins: "oldest", ("last", n), ... *Throws* Error, `invalid_option`.
Start start_of(const py::object& value);
GroupOptions group_options(const py::dict& options);
/// The options of a subscription: those of a subscriber, or with a group those of the group.
DispatchOptions dispatch_options(const py::dict& options, const std::string& group);

}  // namespace shmbus::python
