#include "threads_log/failure.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

namespace threads_log {

std::string round_text;

void fail(const char* format, ...) {
  std::va_list arguments;
  va_start(arguments, format);
  std::fprintf(stderr, "FAILED: ");
  std::vfprintf(stderr, format, arguments);
  std::fprintf(stderr, "\n  in %s\n", round_text.c_str());
  va_end(arguments);
  std::abort();
}

}  // namespace threads_log
