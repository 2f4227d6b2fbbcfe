#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "measure/distribution.hpp"
#include "measure/placement.hpp"
#include "measure/plan.hpp"
#include "measure/round_trips.hpp"
#include "measure/rounds.hpp"
#include "ruled_table.hpp"
#include "settings.hpp"

namespace shmbus::bench {

/// The output of a measurement: tables for people, or one JSON document:
///
///     program, version, measure, passed, machine {...}, placement {...}, settings {...}, options {...},
///     series [ {name, ..., distribution {...}, <figure> {median, min, max, ...}} ]
class Report {
 public:
  Report(const Settings& settings, const measure::Plan& plan, std::string measure, nlohmann::ordered_json options);

  void placement(const measure::Placement& placement);

  /// One series of the document: its name, what it is of, and its figures.
  void add(const std::string& name, const nlohmann::ordered_json& parameters, const nlohmann::ordered_json& figures);
  void add(const RuledTable& table);
  /// A sentence under the tables.
  void note(std::string text) { notes_.push_back(std::move(text)); }
  void curve(std::string name, std::vector<measure::CurvePoint> points);
  void failed() { passed_ = false; }
  bool passed() const noexcept { return passed_; }

  /// Prints to standard output, and writes the plot to its file. Throws std::system_error if that fails.
  void print() const;

 private:
  std::string text() const;

  const Settings& settings_;
  std::string measure_;
  nlohmann::ordered_json document_;
  std::vector<std::string> tables_;
  std::vector<std::string> notes_;
  std::vector<std::pair<std::string, std::vector<measure::CurvePoint>>> curves_;
  bool passed_ = true;
};

/// One-way times as rows of one table: the distribution of all rounds, and the median of the rounds' ratios to a floor.
class OneWayTable {
 public:
  /// `floor` may be null; it is named in the heads.
  explicit OneWayTable(const measure::OneWay* floor);
  void add(Report& report, const measure::OneWay& link, nlohmann::ordered_json parameters);
  const RuledTable& table() const noexcept { return table_; }

 private:
  const measure::OneWay* floor_;
  RuledTable table_;
};

/// Reports and prints the links of a run, the first of which is the floor, with the parameters of each.
void report_one_way(Report& report, const measure::RoundTrips& result,
                    const std::vector<nlohmann::ordered_json>& parameters);

}  // namespace shmbus::bench
