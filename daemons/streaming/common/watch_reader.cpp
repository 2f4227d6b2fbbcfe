#include "common/watch_reader.hpp"

#include <charconv>
#include <string_view>

namespace streaming {
namespace {

template <class Number>
bool read_number(const std::string& text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stopped == end;
}

}  // namespace

std::optional<WatchStarted> parse_watch(const std::vector<std::string>& row, RowProblem& problem) {
  WatchStarted watch;
  const auto refuse = [&](std::string_view expected, const std::string& found) {
    problem = {std::string(expected), streaming::quoted(found)};
    return std::nullopt;
  };
  if (!read_number(row[0], watch.user) || watch.user == 0) return refuse("a userId, a whole number from 1", row[0]);
  if (!read_number(row[1], watch.video) || watch.video == 0) return refuse("a movieId, a whole number from 1", row[1]);
  // Written this way, the comparison refuses NaN too.
  if (!read_number(row[2], watch.rating) || !(watch.rating >= 0 && watch.rating <= 5))
    return refuse("a rating from 0 to 5", row[2]);
  if (!read_number(row[3], watch.time)) return refuse("a timestamp in whole seconds since 1970", row[3]);
  return watch;
}

std::optional<WatchStarted> WatchReader::parse() {
  const std::vector<std::string>* row = csv_.parse();
  if (row == nullptr) return std::nullopt;
  RowProblem problem;
  std::optional<WatchStarted> watch = parse_watch(*row, problem);
  if (!watch) csv_.refuse(problem);
  return watch;
}

}  // namespace streaming
