#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shmbus/options.hpp"
#include "shmbus/type_info.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// What the events of a topic are. The topic's first publisher decides; creating a topic or reading it does not.
enum class Content : std::uint8_t {
  undecided,  ///< it had no publisher yet, or only publishers of raw bytes that are accepted besides a type
  raw,        ///< bytes
  typed,      ///< values of the recorded type
};

/// An option that was requested, and that the existing topic does not have.
struct DifferentOption {
  std::string name;   ///< the member of TopicOptions
  std::string asked;  ///< the requested value, as text
  std::string found;  ///< the topic's value
  friend bool operator==(const DifferentOption&, const DifferentOption&) = default;
};

/// What a topic is, as its creator and its first publisher recorded it.
struct TopicInfo {
  std::string name;
  std::uint64_t id = 0;         ///< random, new for each incarnation of the topic
  std::size_t block_size = 0;   ///< bytes
  std::size_t blocks = 0;       ///< retained in the ring
  std::size_t max_payload = 0;  ///< bytes of the largest event
  bool timestamps = false;
  Writers writers = Writers::shared;
  unsigned mode = 0;         ///< of the log
  bool reserved = false;     ///< its memory was reserved at creation
  bool accepts_raw = false;  ///< raw bytes may be published besides its type
  Journal journal = Journal::none();
  Retention retain{};                            ///< what the journal keeps
  WhenBehind when_behind = WhenBehind::hold;     ///< when the disk can't keep up
  std::chrono::nanoseconds unrecorded_limit{0};  ///< how long publishers wait for a process that records
  std::uint64_t segment_file = 0;                ///< bytes of a segment file of the journal
  std::uint64_t first_sequence = 1;  ///< of the first event in memory; earlier ones are in the journal, or never were
  Content content = Content::undecided;
  std::string type_name;  ///< empty unless the topic is typed, like the members below
  std::size_t type_size = 0;
  std::size_t type_alignment = 0;
  std::uint64_t type_layout = 0;  ///< a hash of the type's fields; 0: not recorded
  std::string type_fields;        ///< `name:type@offset+size;` for each, cut at 511 bytes

  /// Set by `Bus::topic` and `Publisher::topic`: the requested options that the topic does not have, since it existed
  /// before. An option left at its default requests nothing.
  std::vector<DifferentOption> different;

  /// Returns the recorded type; that of raw bytes unless the topic is typed. The result refers to this TopicInfo.
  TypeInfo type() const noexcept { return {type_name, type_size, type_alignment, type_layout, type_fields}; }
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
