#include "batch.hpp"

#include <poll.h>

#include <chrono>
#include <limits>

#include "model/report.hpp"
#include "output.hpp"
#include "signal_scope.hpp"
#include "standard_error.hpp"

namespace shmbus::top {
namespace {

using Clock = std::chrono::steady_clock;

/// Returns false if a signal asks to stop.
bool sleep_until(Clock::time_point time, const tool::SignalScope& signals) {
  for (;;) {
    if (tool::received_signal() != 0) return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time - Clock::now());
    if (left.count() <= 0) return true;
    pollfd arrival{.fd = signals.fd(), .events = POLLIN, .revents = 0};
    ::poll(&arrival, 1, static_cast<int>(left.count()));
  }
}

}  // namespace

int run_batch(Watch& watch, const Options& options) {
  const tool::SignalScope signals;
  const ReportChoice choice{
      .pane = options.pane, .order = options.order, .filter = options.filter, .style = {.units = options.units}};
  const std::uint64_t looks = options.count.value_or(options.json ? 1 : std::numeric_limits<std::uint64_t>::max());
  const auto delay = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.delay));
  tool::Output out;
  int status = 0;
  watch.look();  // so that the first one printed has rates
  auto next = Clock::now();
  for (std::uint64_t i = 0; i < looks; ++i) {
    next += delay;
    if (!sleep_until(next, signals)) break;
    const auto look = watch.look();
    if (!look) {
      tool::complain(watch.problem());
      return 1;
    }
    for (const TopicSnapshot& topic : look->bus.topics) {
      if (topic.problem.empty()) continue;
      if (status == 0) tool::complain(topic.problem);
      status = 1;
    }
    if (i > 0 && !options.json) out.text() += '\n';
    out.text() += options.json ? report_json(*look) : report_text(*look, choice);
    out.flush();
  }
  return status;
}

}  // namespace shmbus::top
