#include "topic_form.hpp"

#include "shmbus/pattern.hpp"

namespace shmbus::bridge {
namespace {

constexpr std::string_view topic_place = "{topic}", origin_place = "{origin}";

}  // namespace

std::string topic_of_form(std::string_view form, std::string_view origin, std::string_view topic) {
  std::string name;
  while (!form.empty()) {
    if (form.starts_with(topic_place)) {
      name += topic;
      form.remove_prefix(topic_place.size());
    } else if (form.starts_with(origin_place)) {
      name += origin;
      form.remove_prefix(origin_place.size());
    } else {
      name += form.front();
      form.remove_prefix(1);
    }
  }
  return name;
}

bool is_topic_form(std::string_view form) {
  return form.find(topic_place) != std::string_view::npos && matches(">", topic_of_form(form, "origin", "topic"));
}

}  // namespace shmbus::bridge
