#pragma once

#include <vector>

#include "shmbus/inspector.hpp"

namespace shmbus::tool {

/// The state of a block in one character: '.' free, '=' retained, 'p' a subscriber is inside or will be next, 'r' a
/// subscriber keeps events in it, '!' a subscriber holds publishers back there, 'w' the newest block.
char block_mark(const BlockSnapshot& block);

/// The ring from its oldest block to its newest.
std::vector<BlockSnapshot> by_age(const RingSnapshot& ring);

}  // namespace shmbus::tool
