#pragma once

#include <optional>
#include <string>

#include "model/pane.hpp"

namespace shmbus::top {

/// What batch output shows.
struct ReportChoice {
  std::optional<Pane> pane{};    ///< nothing: all
  std::optional<Order> order{};  ///< of that pane
  std::string filter{};
  Style style{};
};

/// A snapshot as plain text: the header, and a table for each pane.
std::string report_text(const ComparedSnapshot& look, const ReportChoice& choice);

/// A snapshot as one JSON object and a newline: times in nanoseconds, unknown values null.
std::string report_json(const ComparedSnapshot& look);

}  // namespace shmbus::top
