#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "log/block_log.hpp"
#include "shmbus/detail/claim_word.hpp"

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

/// What a claim covers from a tail value on, its own or one between two events of a batch, up to its end.
struct Rest {
  std::size_t stride = 0;
  unsigned events = 0;  ///< none: it is padding

  bool padding() const noexcept { return events == 0; }
  bool operator==(const Rest&) const = default;
};

/// Nothing where the claim does not cover `here`, or can't.
std::optional<Rest> rest_of(const layout::TailFormat& format, const ShownClaim& claim, std::uint64_t here) noexcept;

/// The committed or aborted record at an offset of a physical block whose key is `key`; nothing where there is none.
std::optional<Rest> finished_record(const BlockLog& log, std::uint32_t physical, std::size_t offset,
                                    std::uint64_t key) noexcept;

/// Who holds what is not finished at a tail value, its begin or one inside of a batch, that the tail has passed.
struct Holder {
  enum class Kind {
    nobody,     ///< no claim proves to be it: look again
    living,     ///< a living publisher, or one that can't be told from it
    dead,       ///< a dead publisher
    in_repair,  ///< a dead publisher, whose port a living node repairs
  };
  Kind kind = Kind::nobody;
  unsigned port = 0;
  Rest rest;
};

/// `here` speaks of a block that is pinned, or protected by a claim; the record there is neither committed nor aborted.
Holder holder_of(BlockLog& log, std::uint64_t here, std::uint32_t physical) noexcept;

}  // namespace shmbus::log
