#include "health.hpp"

#include <utility>

#include <fmt/format.h>

#include "quantity_text.hpp"

namespace shmbus::daemon {

void Health::expect(std::chrono::nanoseconds interval) {
  const std::lock_guard lock(mutex_);
  interval_ = interval;
}

void Health::looked(std::vector<std::string> buses, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  last_ = now;
  buses_ = std::move(buses);
}

Health::Report Health::report(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  if (last_ == Clock::time_point{}) return {{false, "not ok: there was no look yet"}, {}};
  const auto age = std::chrono::nanoseconds{now - last_};
  const std::string buses =
      buses_.size() == 1 ? std::string{"1 bus"} : fmt::format("{} buses", buses_.size());
  if (age <= 3 * interval_ + std::chrono::seconds{10})
    return {{true, fmt::format("ok: looked at {} {} ago", buses, tool::duration_text(age))}, buses_};
  return {{false, fmt::format("not ok: the last look was {} ago, and one is due every {}", tool::duration_text(age),
                              tool::duration_text(interval_))},
          buses_};
}

}  // namespace shmbus::daemon
