#pragma once

#include "storm/stage.hpp"

namespace storm {

/// On a bus that nobody uses any more: reaps, notes the figures of its topics, and throws unless everything of the dead
/// is free: nodes, subscriptions, ports, pins, claims, blocks, unfinished topics, files. Then goes round each ring as a
/// newcomer.
void check_storm_end(const Stage&, const test::Parent&);

}  // namespace storm
