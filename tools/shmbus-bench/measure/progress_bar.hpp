#pragma once

#include <chrono>
#include <string>

namespace shmbus::measure {

/// A line on standard error that says how far a long run is. Nothing where that is no terminal, and nothing in the
/// first second.
class ProgressBar {
 public:
  explicit ProgressBar(std::string what);
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  /// Takes the line away.
  ~ProgressBar();

  /// `share` from 0 to 1.
  void show(double share);

 private:
  std::string what_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  bool terminal_;
  bool shown_ = false;
};

}  // namespace shmbus::measure
