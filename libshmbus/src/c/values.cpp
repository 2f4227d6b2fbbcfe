#include "c/values.hpp"

#include <string>

#include "shmbus/error.hpp"

namespace shmbus::c {

void check_choice(const char* option, std::uint32_t value, std::uint32_t last) {
  if (value <= last) return;
  throw Error(ErrorCode::invalid_option,
              {option, "0 to " + std::to_string(last), std::to_string(value), "use one of its constants"});
}

WaitStrategy wait(std::uint32_t kind) {
  check_choice("wait", kind, SHMBUS_WAIT_SLEEP);
  return kind == SHMBUS_WAIT_SPIN    ? WaitStrategy::spin()
         : kind == SHMBUS_WAIT_SLEEP ? WaitStrategy::sleep()
                                     : WaitStrategy::balanced();
}

Start start(std::uint32_t kind, std::int64_t value, const shmbus_id& after) {
  check_choice("start", kind, SHMBUS_START_AFTER);
  if (value < 0 && (kind == SHMBUS_START_SEQUENCE || kind == SHMBUS_START_LAST)) {
    throw Error(ErrorCode::invalid_option,
                {"start_value", "0 or more", std::to_string(value), "pass a sequence or a count"});
  }
  switch (kind) {
    case SHMBUS_START_OLDEST:
      return Start::oldest();
    case SHMBUS_START_SEQUENCE:
      return Start::sequence(static_cast<std::uint64_t>(value));
    case SHMBUS_START_TIME:
      return Start::time(Time(std::chrono::nanoseconds(value)));
    case SHMBUS_START_LAST:
      return Start::last(static_cast<std::uint64_t>(value));
    case SHMBUS_START_AFTER:
      return Start::after(from_c(after));
    default:
      return Start::latest();
  }
}

}  // namespace shmbus::c
