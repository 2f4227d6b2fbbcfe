#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "shmbus/options.hpp"
#include "shmbus/topic_info.hpp"

namespace shmbus::tool {

/// The options of the command line for a topic to create. An option that was not given demands nothing.
struct TopicShape {
  std::optional<std::uint64_t> block_size{}, blocks{};
  std::optional<unsigned> mode{};
  std::optional<std::string> group{};
  std::optional<Journal> journal{};
  std::optional<std::uint64_t> retain_bytes{}, segment_file{};
  std::optional<std::chrono::nanoseconds> retain_age{}, unrecorded_limit{};
  bool skip_when_behind = false;
  bool exclusive = false, reserve = false, no_timestamps = false, accept_raw = false, strict = false;

  TopicOptions options() const;
};

/// --block-size, --blocks and --exclusive. Returns the command.
Command& add_size_options(Command& command, TopicShape& shape);
/// --journal and what shapes a journal. Returns the command.
Command& add_journal_options(Command& command, TopicShape& shape);
/// Adds the other options. Returns the command.
Command& add_other_options(Command& command, TopicShape& shape);

/// The given options that an existing topic does not match: each with its name on the command line, the value that was
/// asked for, and the topic's own.
std::vector<DifferentOption> differences(const TopicShape& asked, const TopicInfo& found);

/// "--blocks 8 (it has 4), --exclusive (it is shared)"
std::string differences_text(const std::vector<DifferentOption>& differences);

/// "16 blocks of 256.0 KiB, payloads of up to 262096 bytes, shared, with time stamps"
std::string shape_text(const TopicInfo& topic);

}  // namespace shmbus::tool
