#pragma once

#include "python.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::python {

py::object topic_info(const TopicInfo& info);
/// *Throws* TypeError for an unknown name, as a call of Python does.
TopicOptions topic_options(const py::dict& options);
SubscriberOptions subscriber_options(const py::dict& options);

}  // namespace shmbus::python
