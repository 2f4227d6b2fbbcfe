#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "shmbus/options.hpp"

#include "shmbus/header_begin.hpp"

namespace shmbus {

/// What a topic is, as its creator recorded it.
struct TopicInfo {
  std::string name;
  std::uint64_t id = 0;         ///< random, of this incarnation of the topic
  std::size_t block_size = 0;   ///< bytes
  std::size_t blocks = 0;       ///< retained in the ring
  std::size_t max_payload = 0;  ///< bytes of the largest event
  bool timestamps = false;
  Writers writers = Writers::shared;
  unsigned mode = 0;      ///< of the log
  std::string type_name;  ///< empty: raw bytes
  std::size_t type_size = 0;
  std::size_t type_alignment = 0;
};

}  // namespace shmbus

#include "shmbus/header_end.hpp"
