#pragma once

#include <vector>

#include "model/line.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::top {

/// The ring of a topic from its oldest block to its newest, with one character for each block (`tool::block_mark`). Under
/// it is a line for each subscriber inside, with '^' below its block. If the ring has more blocks than `width`, a character
/// stands for several, and shows the most important mark.
std::vector<Line> ring_picture(const TopicSnapshot& topic, const RingSnapshot& ring, std::size_t width);

/// What the marks mean.
Line ring_legend();

}  // namespace shmbus::top
