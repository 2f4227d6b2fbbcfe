#include "event_output.hpp"

#include <chrono>

namespace shmbus::tool {

EventOutput::EventOutput(Bus& bus, const PrintOptions& options) : options_(options), topics_(bus) {
  options_.columns = out_.columns();
}

EventOutput::EventOutput(Inspector& inspector, const PrintOptions& options) : options_(options), topics_(inspector) {
  options_.columns = out_.columns();
}

EventOutput::EventOutput(const TopicInfo& topic, const PrintOptions& options) : options_(options), topics_(topic) {
  options_.columns = out_.columns();
}

void EventOutput::print(const EventParts& event) {
  if (for_people(options_)) {
    const Time now = std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
    print_for_people(out_.text(), event, topics_.of(event.topic, event.id.topic), out_.columns(), now);
  } else {
    print_event(out_.text(), event, options_);
  }
  out_.line_done();
}

}  // namespace shmbus::tool
