#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "layout/group.hpp"
#include "platform/placed_file.hpp"

namespace shmbus::detail {

/// An event that a copy shows as not settled.
struct CopiedSlot {
  std::uint64_t sequence;
  layout::SlotWord word;
  std::uint64_t when, leased;
};

/// A copy of a group's file, as members went on using it: its header, and the slots from the floor on that members have
/// come to. The file is never mapped, so that nobody can cut it short under a reader. Each word is one that stood there at
/// some moment; a slot that has moved to a later round counts as settled.
class GroupCopy {
 public:
  /// `record` is what was checked of this file. *Throws* Error.
  GroupCopy(const platform::PlacedFile& file, const layout::GroupRecord& record);

  const layout::GroupRecord& record() const noexcept { return record_; }
  const layout::GroupHeader& header() const noexcept { return *header_; }
  std::uint64_t floor() const noexcept { return floor_; }
  /// The number behind the last one that a member has come to; at most a window ahead of the floor.
  std::uint64_t walked() const noexcept { return walked_; }
  const std::vector<CopiedSlot>& unsettled() const noexcept { return unsettled_; }

 private:
  void read_slots(const platform::PlacedFile& file);

  layout::GroupRecord record_;
  std::unique_ptr<layout::GroupHeader> header_;
  std::uint64_t floor_ = 0, walked_ = 0;
  std::vector<CopiedSlot> unsettled_;
};

}  // namespace shmbus::detail
