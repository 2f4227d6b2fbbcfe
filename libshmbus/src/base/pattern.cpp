#include "shmbus/pattern.hpp"

#include "base/names.hpp"

namespace shmbus {

bool matches(std::string_view pattern, std::string_view topic) {
  base::check_pattern(pattern);
  return base::is_topic_name(topic) && base::matches(pattern, topic);
}

}  // namespace shmbus
