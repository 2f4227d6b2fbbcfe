#include "event_output.hpp"

#include <chrono>

namespace shmbus::tool {

EventOutput::EventOutput(Bus& bus, const PrintOptions& options) : options_(options), topics_(bus) {
  options_.columns = out_.columns();
}

void EventOutput::print(const Event& event) {
  if (for_people(options_)) {
    const Time now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
    print_for_people(out_.text(), parts_of(event), topics_.of(event), out_.columns(), now);
  } else {
    print_event(out_.text(), parts_of(event), options_);
  }
  out_.line_done();
}

}  // namespace shmbus::tool
