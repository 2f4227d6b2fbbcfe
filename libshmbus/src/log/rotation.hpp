#pragma once

#include <cstdint>
#include <optional>

#include "log/block_log.hpp"
#include "shmbus/status.hpp"

namespace shmbus::log {

/// Opens the block after the one that `tail` shows as sealed, or finds that another publisher did. `opened` is then the
/// tail of the new, empty block, which the caller stores. `back_pressured`, `no_memory`, and `corrupt` for a log that
/// was cut short, change nothing. For a stale `tail`, returns `ok` without `opened`.
Status open_next(BlockLog& log, std::uint64_t tail, std::optional<std::uint64_t>& opened) noexcept;

/// Returns the key of a block: a mix of the topic's seed and the block number; never 0 or ~0.
std::uint64_t block_key(std::uint64_t seed, std::uint64_t number) noexcept;

}  // namespace shmbus::log
