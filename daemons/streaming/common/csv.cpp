#include "common/csv.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace streaming {
namespace {

// In a file of another kind every line is a malformed row. All are counted, but only the first are reported.
constexpr std::uint64_t reported_rows = 20;

}  // namespace

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 60;
  std::string shown(text.substr(0, longest));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text.size() > longest ? fmt::format("'{}...'", shown) : fmt::format("'{}'", shown);
}

bool split_row(std::string_view line, std::vector<std::string>& fields, RowProblem& problem) {
  std::size_t count = 0;
  std::size_t at = 0;
  for (;;) {
    if (fields.size() == count) fields.emplace_back();
    std::string& field = fields[count++];
    field.clear();
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        const std::size_t quote = line.find('"', at);
        if (quote == std::string_view::npos) {
          problem = {"a closing quote", quoted(line.substr(at))};
          return false;
        }
        field.append(line.substr(at, quote - at));
        at = quote + 1;
        if (at == line.size() || line[at] != '"') break;
        field.push_back('"');
      }
    } else {
      const std::size_t end = std::min(line.find(',', at), line.size());
      field.append(line.substr(at, end - at));
      at = end;
    }
    if (at == line.size()) break;
    if (line[at] != ',') {
      problem = {"a comma after the closing quote", quoted(line.substr(at))};
      return false;
    }
    ++at;
  }
  fields.resize(count);
  return true;
}

CsvReader::CsvReader(LineSource& lines, std::vector<std::string> columns) : lines_(lines), wanted_(columns.size()) {
  RowProblem problem;
  const bool split = lines_.next(line_) && split_row(line_, fields_, problem);
  for (const std::string& column : columns) {
    const auto found = std::find(fields_.begin(), fields_.end(), column);
    if (!split || found == fields_.end()) {
      throw std::runtime_error(fmt::format(
          "{}, line 1: expected a header with the columns {}, found {}; add the header or give another file",
          lines_.name(), fmt::join(columns, ", "), line_.empty() ? "none" : quoted(line_)));
    }
    positions_.push_back(static_cast<std::size_t>(found - fields_.begin()));
  }
  width_ = fields_.size();
}

bool CsvReader::next() {
  while (lines_.next(line_)) {
    if (!line_.empty()) return true;
  }
  return false;
}

const std::vector<std::string>* CsvReader::parse() {
  RowProblem problem;
  if (!split_row(line_, fields_, problem)) {
    refuse(problem);
    return nullptr;
  }
  if (fields_.size() != width_) {
    refuse({fmt::format("{} fields", width_), fmt::format("{} in {}", fields_.size(), quoted(line_))});
    return nullptr;
  }
  for (std::size_t i = 0; i < positions_.size(); ++i) wanted_[i].swap(fields_[positions_[i]]);
  return &wanted_;
}

void CsvReader::refuse(const RowProblem& problem) {
  if (++malformed_ > reported_rows) return;
  fmt::print(stderr, "{}, line {}: expected {}, found {}; the row is skipped\n", lines_.name(), lines_.number(),
             problem.expected, problem.found);
  if (malformed_ == reported_rows)
    fmt::print(stderr, "{}: further malformed rows are skipped and counted only\n", lines_.name());
}

}  // namespace streaming
