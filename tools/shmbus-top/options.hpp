#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "command_line.hpp"
#include "model/pane.hpp"

namespace shmbus::top {

/// What the command line asks for.
struct Options {
  std::string bus;  ///< empty: none is named
  bool batch = false;
  bool json = false;
  std::optional<std::uint64_t> count;  ///< end after this many refreshes
  double delay = 1;                    ///< seconds between refreshes
  std::string filter;
  std::optional<Pane> pane;
  std::optional<Order> order;
  Units units = Units::binary;

  bool plain() const { return batch || json; }
};

/// Registers the options with the program; parsing sets them.
class OptionParser {
 public:
  explicit OptionParser(tool::Command& program);
  /// Checks the options after parsing. Throws tool::UsageError if they contradict each other.
  Options options() const;

 private:
  Options options_;
  std::string pane_, sort_, units_ = "binary";
  bool reverse_ = false;
};

}  // namespace shmbus::top
