#include "durable/cursor_file.hpp"

#include <cstddef>
#include <cstring>
#include <utility>

#include "durable/file_checks.hpp"
#include "layout/cursor.hpp"
#include "layout/segment_checks.hpp"
#include "layout/segment_kinds.hpp"
#include "platform/clock.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::durable {

using layout::CursorHeader;
using layout::CursorWord;
using platform::FilePlace;
using platform::PlacedFile;

namespace {

CursorWord word(std::uint64_t topic, std::uint64_t generation, std::uint64_t acknowledged) noexcept {
  CursorWord made{generation, acknowledged, 0};
  made.checksum = layout::checksum_of(made, offsetof(CursorWord, checksum), topic);
  return made;
}

std::string remedy(const CursorOwner& owner) {
  return "its position is lost: run `shmbus forget " + owner.durable.text() +
         "`, and begin anew where you want to (SubscriberOptions::start)";
}

void check(const CursorHeader& h, const platform::FileState& state, const CursorOwner& owner,
           const std::string& object) {
  check_file(h, layout::kCursorMagic, layout::kCursorFileSize, state, object, remedy(owner));
  layout::check_name(layout::load_text(h.durable), owner.durable.text(), object);
  layout::check_name(layout::load_text(h.topic_name), owner.topic_name.text(), object);
  if (h.bus == owner.bus && h.topic == owner.topic) return;
  throw Error(ErrorCode::stale_position,
              {object, "to be of this topic", "the cursor of another topic of that name", remedy(owner)});
}

}  // namespace

std::optional<CursorFile> CursorFile::open(const FilePlace& place, const CursorOwner& owner, platform::Access access,
                                           const std::vector<uid_t>& owners) {
  auto file = PlacedFile::open(place, access);
  if (!file) return std::nullopt;
  const platform::FileState state = file->state();
  layout::check_owner(state, owners, place.object);
  CursorHeader header{};  // a copy: what is checked is what is used (I6)
  if (file->read(0, &header, sizeof header) != sizeof header) header = {};
  check(header, state, owner, place.object);
  CursorFile cursor(std::move(*file), owner.topic);
  cursor.load(owner);
  return cursor;
}

/// Takes the valid word of the higher generation. A reader may meet the writer in the middle of a word: it then takes
/// the other one, which is not written until that one is whole.
void CursorFile::load(const CursorOwner& owner) {
  constexpr int kTries = 3;  // of a reader: the writer may write both words while it reads
  for (int i = 0; i < kTries; ++i) {
    bool found = false;
    for (std::uint64_t slot = 0; slot < 2; ++slot) {
      CursorWord w{};
      if (file_.read(layout::cursor_word_offset(slot), &w, sizeof w) != sizeof w) continue;
      const bool valid =
          w.generation % 2 == slot && w.checksum == layout::checksum_of(w, offsetof(CursorWord, checksum), topic_);
      if (!valid || (found && w.generation < generation_)) continue;
      found = true;
      generation_ = w.generation;
      acknowledged_ = w.acknowledged;
    }
    if (found) return;
  }
  throw Error(ErrorCode::corrupt, {file_.place().object, "a position that fits its checksum",
                                   "none: somebody overwrote both", remedy(owner)});
}

std::optional<CursorFile> CursorFile::create(const FilePlace& place, const CursorOwner& owner,
                                             std::uint64_t acknowledged, unsigned mode, std::optional<gid_t> group) {
  CursorHeader h{};
  h.magic = layout::kCursorMagic;
  h.version = layout::kDurableFileVersion;
  h.header_size = sizeof h;
  h.bus = owner.bus;
  h.topic = owner.topic;
  h.created_ns = platform::system_ns();
  h.mode = mode;
  layout::store_text(h.durable, owner.durable.text());
  layout::store_text(h.topic_name, owner.topic_name.text());
  h.checksum = layout::checksum_of(h, offsetof(CursorHeader, checksum), 0);
  std::byte content[layout::kCursorFileSize] = {};
  std::memcpy(content, &h, sizeof h);
  for (std::uint64_t generation = 0; generation < 2; ++generation) {  // both, so that each is always valid or torn
    const CursorWord w = word(owner.topic, generation, acknowledged);
    std::memcpy(content + layout::cursor_word_offset(generation), &w, sizeof w);
  }
  auto file = PlacedFile::create(place, content, sizeof content, mode, group);
  if (!file) return std::nullopt;
  CursorFile cursor(std::move(*file), owner.topic);
  cursor.generation_ = 1;
  cursor.acknowledged_ = acknowledged;
  return cursor;
}

void CursorFile::acknowledge(std::uint64_t sequence) {
  if (sequence <= acknowledged_) return;
  SHMBUS_CRASH_POINT("cursor.before");
  const CursorWord w = word(topic_, generation_ + 1, sequence);
  file_.write(layout::cursor_word_offset(w.generation), &w, sizeof w);
  generation_ = w.generation;  // only now: a word that could not be written is written anew in its place
  acknowledged_ = sequence;
  SHMBUS_CRASH_POINT("cursor.written");
}

}  // namespace shmbus::durable
