#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/durable_name.hpp"
#include "base/topic_name.hpp"
#include "platform/placed_file.hpp"

namespace shmbus::durable {

/// Whose cursor it is.
struct CursorOwner {
  std::uint64_t bus = 0;    ///< incarnation; 0: it lies beside a journal
  std::uint64_t topic = 0;  ///< incarnation
  base::DurableName durable;
  base::TopicName topic_name;
};

/// The file that holds how far a durable subscription has come in one topic: the sequence of the last acknowledged
/// event. One process writes it, the holder of the name's lock; any number may read it. One thread at a time.
///
/// C1 It appears whole. A crash at any instruction, or a power failure while one of its sectors is written, leaves the
///    last cursor or the one before, never none.
/// C2 The cursor only moves up.
class CursorFile {
 public:
  /// Opens a cursor. `owners` are the users whose files to accept, besides this user and root. Returns nothing where
  /// there is none. *Throws* Error, for example `corrupt` where the file is damaged: the position is then lost.
  static std::optional<CursorFile> open(const platform::FilePlace& place, const CursorOwner& owner,
                                        platform::Access access, const std::vector<uid_t>& owners);
  /// Creates a cursor. Returns nothing where there is one. *Throws* Error.
  static std::optional<CursorFile> create(const platform::FilePlace& place, const CursorOwner& owner,
                                          std::uint64_t acknowledged, unsigned mode, std::optional<gid_t> group);

  /// Returns the sequence of the last acknowledged event; 0: none.
  std::uint64_t acknowledged() const noexcept { return acknowledged_; }
  /// Writes that all events up to this sequence are acknowledged, by one write to the page cache. Does nothing where
  /// they are. *Throws* Error.
  void acknowledge(std::uint64_t sequence);
  /// Waits until the cursor is on stable storage. *Throws* Error.
  void sync() { file_.sync(); }
  const platform::FilePlace& place() const noexcept { return file_.place(); }

 private:
  CursorFile(platform::PlacedFile file, std::uint64_t topic) noexcept : file_(std::move(file)), topic_(topic) {}
  void load(const CursorOwner& owner);

  platform::PlacedFile file_;
  std::uint64_t topic_;
  std::uint64_t generation_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace shmbus::durable
