#include "options.hpp"

#include <fmt/format.h>

namespace shmbus::top {

OptionParser::OptionParser(tool::Command& program) {
  program
      .option("bus,--bus", "NAME", "SHMBUS_BUS", tool::text_value(options_.bus),
              "The bus; by default the only one there is, or one chosen from a list")
      .flag("-b,--batch", options_.batch, "Print plain text at each refresh, instead of a screen")
      .flag("-j,--json", options_.json, "Print one JSON object per refresh; end after the first without --count")
      .option("-n,--count", "N", tool::whole_number_between(options_.count, 1, std::uint64_t{1} << 62),
              "End after N refreshes")
      .option("-d,--delay", "S", tool::number_between(options_.delay, 0.05, 3600), "Seconds between refreshes")
      .option("-p,--pane", "PANE", tool::choice(pane_, {"topics", "subscribers", "publishers", "nodes", "journals", "durables", "groups"}),
              "Begin with this pane, topics, subscribers, publishers, nodes, journals, durables or groups; with "
              "--batch, print only this one")
      .option("-s,--sort", "COLUMN", tool::text_value(sort_), "Sort the pane (--pane) by the column of this heading")
      .flag("-r,--reverse", reverse_, "Sort in reverse order")
      .option("-f,--filter", "WORDS", tool::text_value(options_.filter), "Only rows that hold these words")
      .option("-u,--units", "UNITS", tool::choice(units_, {"binary", "decimal", "exact"}),
              "binary (KiB), decimal (kB) or exact");
}

Options OptionParser::options() const {
  Options options = options_;
  if (!pane_.empty()) options.pane = parse_pane(pane_);
  options.units = parse_units(units_).value_or(Units::binary);
  if (sort_.empty() && !reverse_) return options;
  const Pane pane = options.pane.value_or(Pane::topics);
  if (options.plain() && !options.pane) throw tool::UsageError("--sort: needs --pane");
  options.order = first_order(pane);
  if (!sort_.empty()) {
    const auto column = find_column(grid_of(pane, {}, {}), sort_);
    if (!column)
      throw tool::UsageError(fmt::format("--sort: pane {} has no column '{}'", to_string(pane), sort_));
    options.order->column = *column;
  }
  options.order->reversed = reverse_;
  return options;
}

}  // namespace shmbus::top
