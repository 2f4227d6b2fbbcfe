#pragma once

#include <cstdint>
#include <string>

#include "common/line_source.hpp"

namespace streaming {

/// Makes up watches, as the lines of a CSV file: a few hundred users, some of them eager, and ten thousand videos, some
/// of them favourites. The same seed gives the same lines on every machine.
class WatchGenerator : public LineSource {
 public:
  WatchGenerator(std::uint64_t events, std::uint64_t seed);

  bool next(std::string_view& line) override;
  const std::string& name() const override { return name_; }
  std::uint64_t number() const override { return number_; }

 private:
  std::uint64_t random();
  std::uint64_t skewed(std::uint64_t limit);

  std::string name_;
  std::uint64_t events_;
  std::uint64_t state_;
  std::uint64_t time_ = 1'514'764'800;  // 2018 begins
  std::uint64_t number_ = 0;
  std::string line_;
};

}  // namespace streaming
