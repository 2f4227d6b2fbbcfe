#pragma once

#include <string>

namespace threads_log {

/// The current round, for the text of a failure.
extern std::string round_text;

/// Prints what is wrong and in which round, and then aborts.
[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char* format, ...);

}  // namespace threads_log
