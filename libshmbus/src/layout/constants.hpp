#pragma once

#include <cstddef>
#include <cstdint>

#include "shmbus/detail/layout_tag.hpp"

namespace shmbus::layout {

inline constexpr std::size_t kPage = 4096;

/// Two cache lines: adjacent-line prefetch makes a pair the unit of false sharing.
inline constexpr std::size_t kLine = 128;

/// Not a block number, and not a tail word: a pin or claim with this value protects nothing.
inline constexpr std::uint64_t kNone = ~std::uint64_t{0};

inline constexpr std::uint32_t kVersion = SHMBUS_LAYOUT_VERSION;

inline constexpr std::size_t kMinBlockSize = 4096;
inline constexpr std::size_t kMaxBlockSize = std::size_t{64} << 20;
inline constexpr std::size_t kHugePage = std::size_t{2} << 20;
inline constexpr std::uint32_t kMinBlocks = 2;
inline constexpr std::uint32_t kMaxBlocks = 1u << 16;

inline constexpr unsigned kMaxPublishers = 64;
inline constexpr unsigned kMaxSubscribers = 64;
inline constexpr unsigned kRetainSlots = 8;

inline constexpr unsigned kMaxNodes = 1024;
inline constexpr unsigned kMaxTopics = 4096;
inline constexpr unsigned kMaxSubscriptions = 4096;

/// How many accepted owners and unattached topics fit into a subscription entry.
inline constexpr unsigned kMaxListedOwners = 16;
inline constexpr unsigned kMaxListedTopics = 8;

/// Bells are numbered. A number below this one is the index of a node's entry; from here on it is this number plus the
/// index of a subscription's entry.
inline constexpr std::uint64_t kFirstSubscriptionBell = kMaxNodes;

/// Spare blocks: one for each pin, retain slot, claim and reservation that can exist at one time.
inline constexpr std::uint32_t kSpareBlocks = kMaxSubscribers * (1 + kRetainSlots) + kMaxPublishers * 2;

}  // namespace shmbus::layout
