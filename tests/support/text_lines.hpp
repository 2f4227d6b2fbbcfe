#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/line_source.hpp"

namespace test {

/// Lines of text as a source of lines.
class TextLines : public streaming::LineSource {
 public:
  TextLines(std::string name, std::vector<std::string> lines) : name_(std::move(name)), lines_(std::move(lines)) {}

  bool next(std::string_view& line) override {
    if (number_ == lines_.size()) return false;
    line = lines_[number_++];
    return true;
  }
  const std::string& name() const override { return name_; }
  std::uint64_t number() const override { return number_; }

 private:
  std::string name_;
  std::vector<std::string> lines_;
  std::size_t number_ = 0;
};

}  // namespace test
