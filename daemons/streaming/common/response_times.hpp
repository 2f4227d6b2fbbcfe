#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace streaming {

/// How long each answer took. Remembers the first four million answers, and ignores later ones.
class ResponseTimes {
 public:
  void add(std::uint64_t sequence, std::chrono::nanoseconds time);

  std::size_t count() const { return answers_.size(); }
  /// The time that a share of the answers does not exceed: 0.5 for the median, 1 for the slowest. 0 without answers.
  std::uint64_t quantile(double share) const;

  /// CSV with the columns sequence and nanoseconds. Nothing if the path is empty. Throws where it cannot be written.
  void write(const std::string& path) const;

 private:
  struct Answer {
    std::uint64_t sequence;
    std::uint64_t nanoseconds;
  };
  std::vector<Answer> answers_;
};

/// The same for any numbers.
std::uint64_t quantile(std::vector<std::uint64_t> values, double share);

}  // namespace streaming
