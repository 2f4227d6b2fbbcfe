#include "common/response_times.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

namespace streaming {

void ResponseTimes::add(std::uint64_t sequence, std::chrono::nanoseconds time) {
  constexpr std::size_t most = std::size_t{4} << 20;
  if (answers_.size() < most) answers_.push_back({sequence, static_cast<std::uint64_t>(time.count())});
}

std::uint64_t ResponseTimes::quantile(double share) const {
  std::vector<std::uint64_t> times(answers_.size());
  std::transform(answers_.begin(), answers_.end(), times.begin(),
                 [](const Answer& answer) { return answer.nanoseconds; });
  return streaming::quantile(std::move(times), share);
}

void ResponseTimes::write(const std::string& path) const {
  if (path.empty()) return;
  std::ofstream file(path);
  file << "sequence,nanoseconds\n";
  for (const Answer& answer : answers_) file << answer.sequence << ',' << answer.nanoseconds << '\n';
  file.close();
  if (!file)
    throw std::runtime_error(
        fmt::format("file '{}': expected to write it, found: {}; give another path", path, std::strerror(errno)));
}

std::uint64_t quantile(std::vector<std::uint64_t> values, double share) {
  if (values.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(rank), values.end());
  return values[rank];
}

}  // namespace streaming
