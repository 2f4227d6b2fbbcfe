#pragma once

#include <vector>

#include "model/line.hpp"
#include "shmbus/inspector.hpp"

namespace shmbus::top {

/// The ring of a topic from its oldest block to its newest, a character each as `tool::block_mark` has them, and under
/// it a line for each subscriber that is inside, with '^' below its block. Where the ring has more blocks than `width`,
/// a character stands for several, and shows what matters most of them.
std::vector<Line> ring_picture(const TopicSnapshot& topic, const RingSnapshot& ring, std::size_t width);

/// What the marks mean.
Line ring_legend();

}  // namespace shmbus::top
