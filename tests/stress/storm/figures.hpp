#pragma once

#include "storm/conductor.hpp"

namespace storm {

/// Prints one line for each figure, then the ledgers of the readers that lived to the end.
void print_figures(const Conductor& conductor);

}  // namespace storm
