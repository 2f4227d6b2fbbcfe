#include "report.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "figure_text.hpp"
#include "measure/machine.hpp"
#include "measure/percentile_plot.hpp"

namespace shmbus::bench {

namespace {

void write_all(std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "standard output");
    if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

Report::Report(const Settings& settings, const measure::Plan& plan, std::string measure, nlohmann::ordered_json options)
    : settings_(settings), measure_(std::move(measure)) {
  document_["program"] = "shmbus-bench";
  document_["version"] = SHMBUS_VERSION;
  document_["measure"] = measure_;
  document_["passed"] = true;
  document_["machine"] = measure::to_json(measure::this_machine());
  document_["placement"] = nullptr;
  document_["settings"] = to_json(settings, plan);
  document_["options"] = std::move(options);
  document_["series"] = nlohmann::ordered_json::array();
}

void Report::placement(const measure::Placement& placement) { document_["placement"] = measure::to_json(placement); }

void Report::add(const std::string& name, const nlohmann::ordered_json& parameters,
                 const nlohmann::ordered_json& figures) {
  nlohmann::ordered_json series = {{"name", name}};
  if (parameters.is_object()) series.update(parameters);
  series.update(figures);
  document_["series"].push_back(std::move(series));
}

void Report::add(const RuledTable& table) { tables_.push_back(table.text()); }

void Report::curve(std::string name, std::vector<measure::CurvePoint> points) {
  curves_.emplace_back(std::move(name), std::move(points));
}

std::string Report::text() const {
  const auto list = [](const nlohmann::ordered_json& object) {
    std::string line;
    for (const auto& [key, value] : object.items()) {
      line += fmt::format("{}{} {}", line.empty() ? "" : ", ", key,
                          value.is_string() ? value.get<std::string>() : value.dump());
    }
    return line;
  };
  std::string text =
      fmt::format("shmbus-bench {} {}\n{}", SHMBUS_VERSION, measure_, measure::to_text(measure::this_machine()));
  const auto& placement = document_["placement"];
  if (placement.is_object() && placement["pinned"].get<bool>()) {
    text += fmt::format("pinned    to cores {}\n", placement["cores"].dump());
  } else if (placement.is_object()) {
    text += fmt::format("pinned    no: {}\n", placement["why"].get<std::string>());
  }
  text += fmt::format("options   {}\n          {}\n", list(document_["options"]), list(document_["settings"]));
  for (const std::string& table : tables_) text += '\n' + table;
  if (!notes_.empty()) text += '\n';
  for (const std::string& note : notes_) text += note + '\n';
  return text;
}

void Report::print() const {
  if (!settings_.plot.empty()) measure::write_percentile_plot(settings_.plot, "shmbus-bench " + measure_, curves_);
  if (settings_.json) {
    nlohmann::ordered_json document = document_;
    document["passed"] = passed_;
    write_all(document.dump(2) + '\n');
  } else {
    write_all(text());
  }
}

OneWayTable::OneWayTable(const measure::OneWay* floor)
    : floor_(floor), table_({"one way", "p50", "p90", "p99", "p99.9", "p99.99", "max", "count"}) {
  if (floor_ == nullptr) return;
  table_ = RuledTable({"one way", "p50", "p90", "p99", "p99.9", "p99.99", "max", "count",
                  fmt::format("p50/{}", floor_->name), fmt::format("p99/{}", floor_->name)});
}

void OneWayTable::add(Report& report, const measure::OneWay& link, nlohmann::ordered_json parameters) {
  const measure::Distribution& all = link.all;
  std::vector<std::string> row = {link.name,
                                  time_text(all.p50),
                                  time_text(all.p90),
                                  time_text(all.p99),
                                  time_text(all.p99_9),
                                  time_text(all.p99_99),
                                  time_text(all.max),
                                  count_text(static_cast<double>(all.count))};
  nlohmann::ordered_json figures = {{"unit", "ns"},
                                    {"distribution", measure::to_json(all)},
                                    {"p50", measure::to_json(link.p50)},
                                    {"p99", measure::to_json(link.p99)}};
  if (floor_ != nullptr) {
    const measure::Rounds p50 = ratios(link.p50, floor_->p50);
    const measure::Rounds p99 = ratios(link.p99, floor_->p99);
    figures["p50_ratio"] = measure::to_json(p50);
    figures["p99_ratio"] = measure::to_json(p99);
    row.push_back(ratio_text(p50.median()) + (p50.noisy() ? " noisy" : ""));
    row.push_back(ratio_text(p99.median()) + (p99.noisy() ? " noisy" : ""));
  }
  table_.add(std::move(row));
  report.add(link.name, parameters, figures);
  report.curve(link.name, link.curve);
}

void report_one_way(Report& report, const measure::RoundTrips& result,
                    const std::vector<nlohmann::ordered_json>& parameters) {
  report.placement(result.placement);
  OneWayTable table(&result.links.front());
  for (std::size_t i = 0; i < result.links.size(); ++i) table.add(report, result.links[i], parameters[i]);
  report.add(table.table());
  report.print();
}

}  // namespace shmbus::bench
