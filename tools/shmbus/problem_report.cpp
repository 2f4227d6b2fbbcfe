#include "problem_report.hpp"

#include <algorithm>

#include "standard_error.hpp"

namespace shmbus::tool {

void ProblemReport::add(const std::vector<TopicProblem>& problems) {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(seen_, [&](const auto& seen) {
    return !seen.second.reported && std::none_of(problems.begin(), problems.end(),
                                                 [&](const TopicProblem& p) { return p.reason == seen.first; });
  });
  for (const TopicProblem& problem : problems) {
    Seen& seen = seen_.try_emplace(problem.reason, Seen{.since = now}).first->second;
    if (seen.reported || (problem.code == ErrorCode::busy && now - seen.since < patience_)) continue;
    seen.reported = true;
    status_ = 1;
    complain(problem.reason);
  }
}

}  // namespace shmbus::tool
