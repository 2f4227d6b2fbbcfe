#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "log/block_log.hpp"
#include "layout/claim_word.hpp"

namespace shmbus::log {

/// A claim as its port shows it.
struct ShownClaim {
  unsigned port = 0;
  std::uint64_t where = kNone;
  layout::ClaimWord what{0};
  std::uint64_t owner = 0;  ///< owner word of the port
};

/// Reads a port's claim. Returns nothing where the port shows none, or the claim changed during the read.
std::optional<ShownClaim> read_claim(const BlockLog& log, unsigned port) noexcept;

/// What a claim covers from a tail value to its end. The tail value is the claim's own, or one between two events of
/// its batch.
struct Rest {
  std::size_t stride = 0;
  unsigned events = 0;  ///< 0: it is padding

  bool padding() const noexcept { return events == 0; }
  bool operator==(const Rest&) const = default;
};

/// Returns nothing where the claim does not or can't cover `here`.
std::optional<Rest> rest_of(const layout::TailFormat& format, const ShownClaim& claim, std::uint64_t here) noexcept;

/// Returns the committed or aborted record at an offset of a physical block whose key is `key`; nothing where there is
/// none.
std::optional<Rest> finished_record(const BlockLog& log, std::uint32_t physical, std::size_t offset,
                                    std::uint64_t key) noexcept;

/// The holder of the unfinished record at a tail value that the tail has passed: a claim's start, or a place inside its
/// batch.
struct Holder {
  enum class Kind {
    unknown,    ///< no claim can be identified: try again
    living,     ///< a living publisher, or one that can't be distinguished from it
    dead,       ///< a dead publisher
    in_repair,  ///< a dead publisher, whose port a living node repairs
  };
  Kind kind = Kind::unknown;
  unsigned port = 0;
  Rest rest;
};

/// Finds that holder. *Requires* that `here` refers to a block that is pinned, or protected by a claim, and that the
/// record there is neither committed nor aborted.
Holder holder_of(BlockLog& log, std::uint64_t here, std::uint32_t physical) noexcept;

}  // namespace shmbus::log
