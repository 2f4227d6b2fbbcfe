#pragma once

#include <string>

namespace crash {

/// Opens a bus that nobody uses any more, reaps, and throws unless everything of the dead is free: nodes,
/// subscriptions, ports, pins, claims, bits, unfinished topics, files. Then publishes and reads as a newcomer, and
/// throws where that fails, or needs a block that should have been free.
void check_scene_end(const std::string& bus);

}  // namespace crash
