#pragma once

#include <optional>
#include <string>

#include "model/pane.hpp"

namespace shmbus::top {

/// What a batch shows.
struct ReportChoice {
  std::optional<Pane> pane{};    ///< nothing: all
  std::optional<Order> order{};  ///< of that pane
  std::string filter{};
  Style style{};
};

/// A look as plain text: the header, and a table each pane.
std::string report_text(const Look& look, const ReportChoice& choice);

/// A look as one JSON object and a newline: times in nanoseconds, what is not known null.
std::string report_json(const Look& look);

}  // namespace shmbus::top
