#include "demo/stream_result.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>

#include <fmt/format.h>

#include "common/response_times.hpp"
#include "demo/demo_options.hpp"
#include "demo/failure.hpp"

namespace demo {
namespace {

std::uint64_t number(const nlohmann::ordered_json& report, const std::string& name) {
  return report.at(name).get<std::uint64_t>();
}

std::string did(const nlohmann::ordered_json& report) {
  static const std::set<std::string> elsewhere{
      "service",    "published",          "handled", "lost", "hash", "first", "last", "resumed_after", "p99_ns",
      "slowest_ns", "median answer in ns"};
  std::string text;
  for (const auto& [name, value] : report.items()) {
    if (!elsewhere.contains(name))
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value.get<std::uint64_t>());
  }
  return text;
}

void show_row(const nlohmann::ordered_json& report, const std::string& count, bool alike, Terminal& terminal) {
  const auto lost = report.find("lost");
  const auto hash = report.at("hash").get<std::string>();
  terminal.line(fmt::format("   {:<21} {:>9} {:<9} {:>6}   {}   {}", report.at("service").get<std::string>(),
                            grouped(number(report, count)), count,
                            lost == report.end() ? "-" : grouped(lost->get<std::uint64_t>()),
                            alike ? terminal.good(hash) : terminal.bad(hash), terminal.faint(did(report))));
}

std::vector<std::uint64_t> times_between(const StreamResult& result, std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> times;
  for (const AnswerTime& answer : result.answers) {
    if (answer.sequence >= first && answer.sequence <= last) times.push_back(answer.nanoseconds);
  }
  return times;
}

void check_answers(const StreamResult& result, Checks& checks) {
  const auto before = times_between(result, 1, result.ml_alive_until);
  const auto after = times_between(result, result.ml_dead_from + 1, result.ml_restarted_at);
  const auto median_before = std::max<std::uint64_t>(1, streaming::quantile(before, 0.5));
  const auto median_after = std::max<std::uint64_t>(1, streaming::quantile(after, 0.5));
  // Within a factor of two. Differences below a microsecond are noise of the machine.
  constexpr std::uint64_t kNoise = 1000;
  const std::uint64_t lower = std::min(median_before, median_after), higher = std::max(median_before, median_after);
  const bool alike = higher <= 2 * lower || higher - lower < kNoise;
  const auto describe = [](const std::vector<std::uint64_t>& times) {
    return fmt::format("{} (99 % within {}) over {} answers",
                       readable(std::chrono::nanoseconds{streaming::quantile(times, 0.5)}),
                       readable(std::chrono::nanoseconds{streaming::quantile(times, 0.99)}), grouped(times.size()));
  };
  checks.expect(before.size() >= 1000 && after.size() >= 1000 && alike,
                fmt::format("the median answer took {} before ml-service was killed, {} after", describe(before),
                            describe(after)));
}

void check_service(const StreamResult& result, const nlohmann::ordered_json& report, Checks& checks) {
  const auto service = report.at("service").get<std::string>();
  const std::uint64_t handled = number(report, "handled");
  std::string claim = fmt::format("{} handled {}, lost {}", service, grouped(handled), grouped(number(report, "lost")));
  bool holds = handled == number(result.video, "published") && number(report, "lost") == 0 &&
               report.at("hash") == result.video.at("hash");
  if (service == ml_service) {
    const std::uint64_t resumed_after = number(report, "resumed_after");
    claim += fmt::format(", its death included: it went on after event {}, the last in its saved state",
                         grouped(resumed_after));
    holds = holds && resumed_after > 0 && resumed_after <= result.ml_dead_from;
  } else if (service == badge_service) {
    claim += fmt::format(", from the first, though it was started at event {}", grouped(result.badge_started_at));
    holds =
        holds && number(report, "first") == 1 && number(report, "resumed_after") == 0 && result.badge_started_at > 1;
  } else {
    holds = holds && number(report, "resumed_after") == 0;  // the same process all the time
  }
  checks.expect(holds, claim);
}

}  // namespace

std::vector<AnswerTime> read_answers(const std::string& path) {
  std::ifstream stream(path);
  std::string header;
  std::getline(stream, header);
  std::vector<AnswerTime> answers;
  char comma = 0;
  for (AnswerTime answer; stream >> answer.sequence >> comma >> answer.nanoseconds;) answers.push_back(answer);
  if (answers.empty())
    throw Failure(fmt::format("file '{}': expected the times of video-service's answers, found none", path));
  return answers;
}

void show(const StreamResult& result, Terminal& terminal) {
  terminal.blank();
  terminal.line(
      terminal.faint(fmt::format("   {:<21} {:<19} {:>6}   {:<16}", "service", "   events", "lost", "hash over them")));
  show_row(result.video, "published", true, terminal);
  for (const auto& report : result.services)
    show_row(report, "handled", report.at("hash") == result.video.at("hash"), terminal);
}

void check(const StreamResult& result, const DemoInput& input, Checks& checks) {
  const std::uint64_t published = number(result.video, "published");
  checks.expect(published == input.watches && number(result.video, "malformed rows") == input.malformed,
                fmt::format("video-service published {} of {} watches", grouped(published), grouped(input.watches)));
  check_answers(result, checks);
  for (const auto& report : result.services) check_service(result, report, checks);
  const bool agree = std::all_of(result.services.begin(), result.services.end(),
                                 [&](const auto& report) { return report.at("hash") == result.video.at("hash"); });
  checks.expect(agree, "all seven hashes agree: the same events, in the same order");
}

}  // namespace demo
