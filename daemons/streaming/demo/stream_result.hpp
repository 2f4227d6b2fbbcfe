#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "demo/checks.hpp"
#include "demo/demo_input.hpp"
#include "demo/terminal.hpp"

namespace demo {

struct AnswerTime {
  std::uint64_t sequence = 0;
  std::uint64_t nanoseconds = 0;
};

/// What is known after the stream has ended.
struct StreamResult {
  nlohmann::ordered_json video;
  std::vector<nlohmann::ordered_json> services;  ///< reports, in the order of `reacting_services`
  std::vector<AnswerTime> answers;
  std::uint64_t ml_alive_until = 0;  ///< sequences
  std::uint64_t ml_dead_from = 0;
  std::uint64_t ml_restarted_at = 0;
  std::uint64_t badge_started_at = 0;
};

/// What video-service wrote. Throws Failure.
std::vector<AnswerTime> read_answers(const std::string& path);

/// Prints a line for each service.
void show(const StreamResult& result, Terminal& terminal);
void check(const StreamResult& result, const DemoInput& input, Checks& checks);

}  // namespace demo
