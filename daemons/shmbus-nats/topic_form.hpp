#pragma once

#include <string>
#include <string_view>

namespace shmbus::bridge {

/// The topic that a form such as "{origin}.{topic}" gives. Other braces stay as they are.
std::string topic_of_form(std::string_view form, std::string_view origin, std::string_view topic);

/// Whether a form contains {topic}, and gives a topic's name.
bool is_topic_form(std::string_view form);

}  // namespace shmbus::bridge
