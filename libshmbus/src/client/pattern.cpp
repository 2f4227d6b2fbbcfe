#include "shmbus/pattern.hpp"

#include "registry/names.hpp"

namespace shmbus {

bool matches(std::string_view pattern, std::string_view topic) {
  registry::check_pattern(pattern);
  return registry::is_topic_name(topic) && registry::matches(pattern, topic);
}

}  // namespace shmbus
