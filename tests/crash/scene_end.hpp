#pragma once

#include <string>

namespace crash {

/// Opens a bus without live members, reaps, and throws unless everything that dead nodes held is free: nodes, subscriptions,
/// ports, pins, claims, bits, unfinished topics, files. Then publishes and reads as a new member, and throws if that fails
/// or needs a block that should have been free.
void check_scene_end(const std::string& bus);

}  // namespace crash
