#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace shmbus::layout {

// All kinds of segment that this shmbus knows. A segment with a header starts with "SHMBUS", a letter for its kind and
// a digit. A segment with another letter or digit is of a kind that a later shmbus added: it is reported as such, and
// not touched.

/// Returns the word whose bytes in memory are this text of eight bytes.
constexpr std::uint64_t magic_word(std::string_view text) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    word |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);  // little-endian
  return word;
}

inline constexpr std::string_view kMagicBegin = "SHMBUS";

struct SegmentKind {
  std::string_view magic;  ///< the first eight bytes; empty: the kind has no header
  std::string_view name;   ///< of the file, with B for the bus and T for the topic
  std::string_view content;
};

inline constexpr SegmentKind kRegistrySegment{"SHMBUSR1", "shmbus.B.registry", "registry"};
inline constexpr SegmentKind kControlSegment{"SHMBUST1", "shmbus.B.T.ctl", "control segment of a topic"};
inline constexpr SegmentKind kRemovedSegment{"SHMBUST1", "shmbus.B.~X", "control segment of a topic being removed"};
inline constexpr SegmentKind kLogSegment{"", "shmbus.B.T.log.N.I", "blocks of a topic"};

inline constexpr SegmentKind kRecorderSegment{"SHMBUSF1", "shmbus.B.calls.N.S", "flight recorder of a subscription"};
inline constexpr SegmentKind kDurableSegment{"SHMBUSD1", "shmbus.B.D.durable", "record of a durable subscription"};
inline constexpr SegmentKind kCursorSegment{"SHMBUSC1", "shmbus.B.T.cursor.D.I",
                                            "cursor of a durable subscription in a topic"};
inline constexpr SegmentKind kGroupSegment{"SHMBUSG1", "shmbus.B.T.group.G.I", "group of a topic"};

inline constexpr std::array kSegmentKinds{kRegistrySegment, kControlSegment, kRemovedSegment, kLogSegment,
                                          kRecorderSegment, kDurableSegment, kCursorSegment,  kGroupSegment};

inline constexpr std::uint64_t kRegistryMagic = magic_word(kRegistrySegment.magic);
inline constexpr std::uint64_t kTopicMagic = magic_word(kControlSegment.magic);
inline constexpr std::uint64_t kRecorderMagic = magic_word(kRecorderSegment.magic);
inline constexpr std::uint64_t kDurableMagic = magic_word(kDurableSegment.magic);
inline constexpr std::uint64_t kCursorMagic = magic_word(kCursorSegment.magic);
inline constexpr std::uint64_t kGroupMagic = magic_word(kGroupSegment.magic);

/// Whether a segment that begins with these bytes is of a kind that is not listed here.
constexpr bool is_unknown_kind(std::string_view begin) noexcept {
  if (!begin.starts_with(kMagicBegin)) return false;
  for (const SegmentKind& kind : kSegmentKinds) {
    if (!kind.magic.empty() && begin.starts_with(kind.magic)) return false;
  }
  return true;
}

}  // namespace shmbus::layout
