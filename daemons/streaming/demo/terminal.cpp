#include "demo/terminal.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "demo/failure.hpp"

namespace demo {

std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string readable(std::chrono::nanoseconds time) {
  const auto ns = static_cast<double>(time.count());
  if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
  if (ns < 1e6) return fmt::format("{:.1f} µs", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:.1f} ms", ns / 1e6);
  return fmt::format("{:.3f} s", ns / 1e9);
}

Terminal::Terminal() : live_(::isatty(STDOUT_FILENO) == 1) {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* kind = std::getenv("TERM");
  const bool dumb = kind == nullptr || std::string_view(kind) == "dumb";
  live_ = live_ && !dumb;
  colour_ = live_ && (no_colour == nullptr || *no_colour == '\0');
}

void Terminal::title(std::string_view text) { line(strong(text)); }

void Terminal::heading(std::string_view text) {
  blank();
  line(in_colour("1;36", text));
}

void Terminal::line(std::string_view text) {
  clear_progress();
  fmt::print("{}\n", text);
  if (std::fflush(stdout) != 0) {
    throw Failure(fmt::format("standard output: expected to write there, found: {}", std::strerror(errno)));
  }
}

void Terminal::progress(std::string_view text) {
  if (!live_) return;
  clear_progress();
  fmt::print("{}", text);
  std::fflush(stdout);
  progress_shown_ = true;
}

void Terminal::clear_progress() {
  if (progress_shown_) fmt::print("\r\x1b[K");
  progress_shown_ = false;
}

std::string Terminal::in_colour(std::string_view code, std::string_view text) const {
  return colour_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

}  // namespace demo
