#include "standard_error.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>  // program_invocation_short_name
#include <string>

#include "printable_text.hpp"

namespace shmbus::tool {

void complain(std::string_view text) {
  // In one write, so that lines of several processes do not mix.
  const std::string line = fmt::format("{}: {}\n", program_invocation_short_name, printable(text));
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void hint(std::string_view text) {
  if (::isatty(STDERR_FILENO) == 1) complain(text);
}

}  // namespace shmbus::tool
