#include "options.hpp"

#include <fmt/format.h>

namespace shmbus::top {

OptionParser::OptionParser(CLI::App& program) {
  program.add_option("bus,--bus", options_.bus, "The bus; by default the only one there is, or one chosen from a list")
      ->type_name("NAME")
      ->envname("SHMBUS_BUS");
  program.add_flag("-b,--batch", options_.batch, "Print plain text at each refresh, instead of a screen");
  program.add_flag("-j,--json", options_.json, "Print one JSON object per refresh; end after the first without --count");
  program.add_option("-n,--count", options_.count, "End after N refreshes")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 62));
  program.add_option("-d,--delay", options_.delay, "Seconds between refreshes")
      ->type_name("S")
      ->check(CLI::Range(0.05, 3600.0))
      ->capture_default_str();
  program.add_option("-p,--pane", pane_, "Begin with this pane; with --batch, print only this one")
      ->type_name("PANE")
      ->check(CLI::IsMember({"topics", "subscribers", "publishers", "nodes"}));
  program.add_option("-s,--sort", sort_, "Sort the pane (--pane) by the column of this heading")->type_name("COLUMN");
  program.add_flag("-r,--reverse", reverse_, "Sort in reverse order");
  program.add_option("-f,--filter", options_.filter, "Only rows that hold these words")->type_name("WORDS");
  program.add_option("-u,--units", units_, "binary (KiB), decimal (kB) or exact")
      ->type_name("UNITS")
      ->check(CLI::IsMember({"binary", "decimal", "exact"}))
      ->capture_default_str();
}

Options OptionParser::options() const {
  Options options = options_;
  if (!pane_.empty()) options.pane = parse_pane(pane_);
  options.units = parse_units(units_).value_or(Units::binary);
  if (sort_.empty() && !reverse_) return options;
  const Pane pane = options.pane.value_or(Pane::topics);
  if (options.plain() && !options.pane) throw CLI::ValidationError("--sort", "needs --pane");
  options.order = first_order(pane);
  if (!sort_.empty()) {
    const auto column = find_column(grid_of(pane, {}, {}), sort_);
    if (!column)
      throw CLI::ValidationError("--sort", fmt::format("pane {} has no column '{}'", to_string(pane), sort_));
    options.order->column = *column;
  }
  options.order->reversed = reverse_;
  return options;
}

}  // namespace shmbus::top
