#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "command_line.hpp"

namespace shmbus::bench {

/// A number of bytes in these bounds: 64, 4K, 1M. Its value is the preset.
tool::Value byte_size(std::size_t& to, std::uint64_t least, std::uint64_t most);

// Options that several measurements have. The value given is the default.
void add_size_option(tool::Command& command, std::size_t& size);
void add_sizes_option(tool::Command& command, std::vector<std::size_t>& sizes);
void add_touch_option(tool::Command& command, std::string& touch);
void add_batch_option(tool::Command& command, std::size_t& batch);

}  // namespace shmbus::bench
