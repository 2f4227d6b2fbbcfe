#pragma once

#include <cstddef>
#include <string>

#include "trace.hpp"

namespace shmbus::tracing {

struct TextStyle {
  bool utf8 = true;         ///< lines of the tree and the micro sign; else ASCII alone
  std::size_t columns = 0;  ///< of the terminal: longer lines go on below; 0: they don't
  Time now{};               ///< for calls that run on
};

/// True where the environment (LC_ALL, LC_CTYPE, LANG: the first that is set) names UTF-8.
bool locale_is_utf8();

/// The trace as a tree, a line each for events and calls, then a line for each thing that is not known of it.
std::string trace_text(const Trace& trace, const TextStyle& style);

}  // namespace shmbus::tracing
