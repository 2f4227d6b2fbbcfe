#pragma once

#include <string_view>

#include "model/line.hpp"

namespace shmbus::top {

/// The last line of a screen: keys and what they do, the important ones first. Keys without room are left out.
class Footer {
 public:
  explicit Footer(std::size_t width) : room_(width) {}

  void key(std::string_view name, std::string_view text, Tone tone = Tone::quiet);
  const Line& line() const noexcept { return line_; }

 private:
  Line line_;
  std::size_t room_;
};

}  // namespace shmbus::top
