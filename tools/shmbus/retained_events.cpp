#include "retained_events.hpp"

#include <utility>

#include "shmbus/pattern.hpp"

namespace shmbus::tool {

RetainedEvents::RetainedEvents(Bus& bus, const BusSnapshot& snapshot, const std::string& pattern, Start start) {
  for (const TopicSnapshot& topic : snapshot.topics) {
    if (!matches(pattern, topic.info.name)) continue;
    sources_.push_back({bus.subscriber(topic.info.name, {.start = start, .name = "shmbus replay"}), topic.published});
    advance(sources_.back());
  }
}

void RetainedEvents::advance(Source& source) {
  source.head.reset();
  while (!source.ended && !source.head) {
    const std::size_t polled = source.subscriber.poll(
        [&](const Event& event) {
          if (event.sequence() <= source.last)
            source.head = event.retain();
          else
            source.ended = true;
        },
        1);
    if (polled == 0) source.ended = true;
  }
}

const Event* RetainedEvents::next() {
  Source* earliest = nullptr;
  for (Source& source : sources_) {
    if (source.head && (earliest == nullptr || (*source.head)->time() < (*earliest->head)->time())) earliest = &source;
  }
  current_.reset();
  if (earliest == nullptr) return nullptr;
  current_ = std::exchange(earliest->head, std::nullopt);
  advance(*earliest);
  return &**current_;
}

std::uint64_t RetainedEvents::lost() const noexcept {
  std::uint64_t lost = 0;
  for (const Source& source : sources_) lost += source.subscriber.lost();
  return lost;
}

}  // namespace shmbus::tool
