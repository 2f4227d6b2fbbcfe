#pragma once

#include <string>
#include <vector>

namespace demo {

class Terminal;

/// The claims of the demonstration, and whether they were true.
class Checks {
 public:
  void expect(bool holds, std::string claim) { checks_.push_back({holds, std::move(claim)}); }

  void show(Terminal& terminal) const;
  std::size_t failed() const;

 private:
  struct Check {
    bool holds;
    std::string claim;
  };
  std::vector<Check> checks_;
};

}  // namespace demo
