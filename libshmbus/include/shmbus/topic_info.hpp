#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/options.hpp"
#include "shmbus/type_info.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// What the events of a topic are. Its first publisher decides; creating a topic, or reading it, decides nothing.
enum class Content : std::uint8_t {
  undecided,  ///< it had no publisher yet, or only such as may publish raw bytes beside a type
  raw,        ///< bytes
  typed,      ///< values of the recorded type
};

/// An option that was asked for, and that a topic which exists does not have.
struct DifferentOption {
  std::string name;   ///< of the member of TopicOptions
  std::string asked;  ///< its value there, as text
  std::string found;  ///< what the topic has
  friend bool operator==(const DifferentOption&, const DifferentOption&) = default;
};

/// What a topic is, as its creator and its first publisher recorded it.
struct TopicInfo {
  std::string name;
  std::uint64_t id = 0;         ///< random, of this incarnation of the topic
  std::size_t block_size = 0;   ///< bytes
  std::size_t blocks = 0;       ///< retained in the ring
  std::size_t max_payload = 0;  ///< bytes of the largest event
  bool timestamps = false;
  Writers writers = Writers::shared;
  unsigned mode = 0;         ///< of the log
  bool reserved = false;     ///< its memory was reserved at creation
  bool accepts_raw = false;  ///< raw bytes may be published beside its type
  Content content = Content::undecided;
  std::string type_name;  ///< empty unless it is typed, as is what follows
  std::size_t type_size = 0;
  std::size_t type_alignment = 0;
  std::uint64_t type_layout = 0;  ///< a hash of the type's fields; 0: it does not tell them
  std::string type_fields;        ///< `name:type@offset+size;` for each, as far as 511 bytes reach

  /// Told by `Bus::topic` and `Publisher::topic`: the options asked for there that the topic, since it existed, does
  /// not have. An option left at its default asks for nothing.
  std::vector<DifferentOption> different;

  /// The recorded type; refers to this TopicInfo. That of raw bytes unless it is typed.
  TypeInfo type() const noexcept { return {type_name, type_size, type_alignment, type_layout, type_fields}; }
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
