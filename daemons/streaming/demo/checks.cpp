#include "demo/checks.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "demo/terminal.hpp"

namespace demo {

void Checks::show(Terminal& terminal) const {
  for (const Check& check : checks_) {
    terminal.line(
        fmt::format("   {}  {}", check.holds ? terminal.good("ok    ") : terminal.bad("FAILED"), check.claim));
  }
}

std::size_t Checks::failed() const {
  return static_cast<std::size_t>(
      std::count_if(checks_.begin(), checks_.end(), [](const Check& check) { return !check.holds; }));
}

}  // namespace demo
