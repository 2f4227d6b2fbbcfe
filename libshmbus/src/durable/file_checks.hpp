#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "layout/cursor.hpp"
#include "layout/segment_checks.hpp"
#include "layout/segment_kinds.hpp"
#include "shmbus/error.hpp"

namespace shmbus::durable {

/// Checks what the headers of a durable subscription's files, and of a group's, have in common. `remedy` is for a damaged
/// one. *Throws* Error: `corrupt`, `incompatible` or `untrusted`.
template <class Header>
void check_file(const Header& h, std::uint64_t magic, std::uint64_t size, const platform::FileState& state,
                const std::string& object, const std::string& remedy,
                std::uint32_t version = layout::kDurableFileVersion, std::uint32_t header_size = sizeof(Header)) {
  char begin[sizeof h.magic];
  std::memcpy(begin, &h.magic, sizeof begin);
  const bool of_later_kind = layout::is_unknown_kind({begin, sizeof begin});
  const bool whole = state.size == size && h.checksum == layout::checksum_of(h, offsetof(Header, checksum), 0);
  if (!of_later_kind && (h.magic != magic || (h.version == version && !whole))) {
    throw Error(ErrorCode::corrupt,
                {object, "a header that fits its checksum, in " + std::to_string(size) + " bytes",
                 "other bytes, " + std::to_string(state.size) + " in all: somebody overwrote it", remedy});
  }
  if (of_later_kind || h.version != version || h.header_size != header_size || h.incompatible_flags != 0) {
    throw Error(ErrorCode::incompatible,
                {object, "version " + std::to_string(version) + " without incompatible features",
                 "version " + std::to_string(h.version) + ", features " + std::to_string(h.incompatible_flags),
                 "use the newer shmbus that made it"});
  }
  layout::check_mode(state, h.mode, object);
}

}  // namespace shmbus::durable
