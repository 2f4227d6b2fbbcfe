#pragma once

#include "event_printer.hpp"
#include "output.hpp"
#include "topic_infos.hpp"

namespace shmbus::tool {

/// Standard output for events: for people on a terminal, else as the options say.
class EventOutput {
 public:
  EventOutput(Bus& bus, const PrintOptions& options);
  EventOutput(Inspector& inspector, const PrintOptions& options);
  /// For the events of one topic.
  EventOutput(const TopicInfo& topic, const PrintOptions& options);

  void print(const EventParts& event);
  void flush() { out_.flush(); }

 private:
  Output out_;
  PrintOptions options_;
  TopicInfos topics_;
};

}  // namespace shmbus::tool
