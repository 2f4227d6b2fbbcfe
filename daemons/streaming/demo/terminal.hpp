#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace demo {

/// "100,836"
std::string grouped(std::uint64_t number);
/// "62 ns", "1.4 µs", "301 ms", "1.803 s"
std::string readable(std::chrono::nanoseconds time);

/// Writes the demonstration's output to standard output. Throws Failure if that fails. Uses colours only on a terminal, and
/// not if NO_COLOR is set.
class Terminal {
 public:
  Terminal();

  void title(std::string_view text);
  void heading(std::string_view text);
  void line(std::string_view text);
  void blank() { line(""); }
  /// Shows a line until the next one is printed; only on a terminal.
  void progress(std::string_view text);

  std::string strong(std::string_view text) const { return in_colour("1", text); }
  std::string faint(std::string_view text) const { return in_colour("2", text); }
  std::string good(std::string_view text) const { return in_colour("32", text); }
  std::string bad(std::string_view text) const { return in_colour("31", text); }

 private:
  std::string in_colour(std::string_view code, std::string_view text) const;
  void clear_progress();

  bool live_;
  bool colour_;
  bool progress_shown_ = false;
};

}  // namespace demo
