#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "shmbus/layout/claim_word.hpp"
#include "shmbus/log/block_log.hpp"

namespace shmbus::log {

/// A claim as its port shows it.
struct ShownClaim {
  unsigned port = 0;
  std::uint64_t where = kNone;
  layout::ClaimWord what{0};
  std::uint64_t owner = 0;  ///< owner word of the port
};

/// Reads a port's claim; nothing where none is shown, or it changed meanwhile.
std::optional<ShownClaim> read_claim(const BlockLog& log, unsigned port) noexcept;

/// Who holds the record at a tail value that the tail has passed.
struct Holder {
  enum class Kind {
    nobody,     ///< no claim proves to be it: look again
    living,     ///< a living publisher, or one that can't be told from it
    dead,       ///< a dead publisher
    in_repair,  ///< a dead publisher, whose port a living node repairs
  };
  Kind kind = Kind::nobody;
  unsigned port = 0;
  std::size_t stride = 0;
  bool padding = false;
};

/// `where` is a tail value in a block that is pinned, or protected by a claim; the record there is neither committed
/// nor aborted.
Holder holder_of(BlockLog& log, std::uint64_t where, std::uint32_t physical) noexcept;

}  // namespace shmbus::log
