#include "inspect/group_copy.hpp"

#include <algorithm>
#include <bit>

#include "shmbus/error.hpp"

namespace shmbus::detail {

using layout::GroupHeader;
using layout::SlotState;
using layout::SlotWord;

namespace {

/// The words of a slot, copied.
struct SlotWords {
  std::uint64_t word, when, leased, reserved;
};
static_assert(sizeof(SlotWords) == sizeof(layout::GroupSlot));

void read_all(const platform::PlacedFile& file, std::uint64_t at, void* to, std::size_t bytes) {
  if (file.read(at, to, bytes) == bytes) return;
  throw Error(ErrorCode::corrupt, {file.place().object, "as many bytes as its header says", "fewer",
                                   "somebody cut it short: remove the group"});
}

}  // namespace

GroupCopy::GroupCopy(const platform::PlacedFile& file, const layout::GroupRecord& record)
    : record_(record), header_(std::make_unique<GroupHeader>()) {
  read_all(file, 0, header_.get(), sizeof(GroupHeader));
  floor_ = std::min(header_->floor.load(std::memory_order_relaxed), ~std::uint64_t{0} - 2 * record_.window);
  std::uint64_t walked = header_->past[layout::kWalkedCount].load(std::memory_order_relaxed);
  for (const layout::GroupMember& m : header_->members) {
    if (m.owner.load(std::memory_order_relaxed) != 0)
      walked = std::max(walked, m.walked.load(std::memory_order_relaxed));
  }
  walked_ = std::clamp(walked, floor_, floor_ + record_.window);
  read_slots(file);
}

/// A member takes a slot before it says how far it has come, so each may be one further.
void GroupCopy::read_slots(const platform::PlacedFile& file) {
  const std::uint64_t window = record_.window;
  const auto shift = static_cast<unsigned>(std::countr_zero(window));
  const std::uint64_t end = std::min(walked_ + layout::kMaxMembers, floor_ + window);
  std::vector<SlotWords> slots(window);
  const std::uint64_t first = floor_ & (window - 1), count = end - floor_, ahead = std::min(count, window - first);
  const std::uint64_t at = layout::group_slots_offset(record_.window);
  read_all(file, at + first * sizeof(SlotWords), slots.data() + first, ahead * sizeof(SlotWords));
  if (count > ahead) read_all(file, at, slots.data(), (count - ahead) * sizeof(SlotWords));
  for (std::uint64_t s = floor_; s != end; ++s) {
    const SlotWords& slot = slots[s & (window - 1)];
    const SlotWord word(slot.word);
    if (word.round() != ((s >> shift) & (SlotWord::kRounds - 1))) continue;
    walked_ = std::max(walked_, s + 1);
    if (word.state() != SlotState::settled) unsettled_.push_back({s, word, slot.when, slot.leased});
  }
}

}  // namespace shmbus::detail
