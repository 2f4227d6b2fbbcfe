#pragma once

#include "storm/stage.hpp"

namespace storm {

/// On a bus without live members: reaps, records the figures of its topics, and throws unless everything that dead nodes held
/// is free: nodes, subscriptions, ports, pins, claims, blocks, unfinished topics, files. Then writes and reads round each
/// ring as a new member.
void check_storm_end(const Stage&, const test::Parent&);

}  // namespace storm
