#pragma once

#include <cstdint>
#include <optional>

#include "journal/description.hpp"
#include "journal/file_layout.hpp"
#include "journal/storage.hpp"

namespace shmbus::journal {

/// What the header of an `.events` file says, and the file `topic` likewise.
struct HeadContent {
  Description description{};
  std::uint64_t seed = 0;
  std::uint64_t first = 0;
  std::uint64_t preceding = 0;
  std::int64_t created_ns = 0;
  std::int64_t greatest_before = kNoTime;
  unsigned good_copies = 2;  ///< of the two that the file holds; as read
};

/// Writes both copies to the file's first kFileHeader bytes. Returns an errno value.
int write_head(StoredFile& file, std::uint64_t magic, const HeadContent& content) noexcept;

/// Reads a header; one good copy suffices. Returns an errno value: EBADMSG where both are damaged, EPROTONOSUPPORT where
/// the file is of another version or has an incompatible flag.
int read_head(StoredFile& file, std::uint64_t magic, HeadContent& content);

/// Opens an `.events` file and reads its header. The first number must be the one in the name. Errors as `read_head`.
int open_events(Storage& storage, std::uint64_t first, Use use, std::unique_ptr<StoredFile>& file,
                HeadContent& content);

/// Replaces the file `topic` as a whole: old or new is on disk at any time, and the new one when this returns 0.
int write_topic(Storage& storage, const Description& description, std::int64_t now_ns);
int read_topic(Storage& storage, HeadContent& content);

}  // namespace shmbus::journal
