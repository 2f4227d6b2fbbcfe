#include "client/subscriber_options.hpp"

#include <string>

#include "layout/recorder.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

namespace {

void check_reading(const base::Pattern& pattern, const SubscriberOptions& options) {
  if (options.start.kind() == Start::Kind::after && pattern.has_wildcard()) {
    throw Error(ErrorCode::invalid_option,
                {"subscriber option start, Start::after", "a pattern that names one topic", "'" + pattern.text() + "'",
                 "subscribe to the topic that the event was of"});
  }
  if (options.name.size() > 63) {
    throw Error(ErrorCode::invalid_option, {"subscriber option name", "at most 63 bytes",
                                            std::to_string(options.name.size()) + " bytes", "shorten it"});
  }
  if (const std::size_t calls = options.record_calls.value_or(0);
      calls != 0 && (calls < layout::kMinCalls || calls > layout::kMaxCalls)) {
    throw Error(ErrorCode::invalid_option, {"subscriber option record_calls", "0, or 16 to 1048576",
                                            std::to_string(calls), "choose a number in that range"});
  }
  if (options.demote_after.count() < 0) {
    throw Error(ErrorCode::invalid_option, {"subscriber option demote_after", "0 or more",
                                            std::to_string(options.demote_after.count()) + " ns", "give 0 for never"});
  }
  if (options.demote_after.count() != 0 && options.delivery != Delivery::reliable) {
    throw Error(ErrorCode::invalid_option, {"subscriber option demote_after", "0, since the subscriber is lossy",
                                            std::to_string(options.demote_after.count()) + " ns",
                                            "ask for Delivery::reliable, or leave demote_after out"});
  }
}

void check_durable_options(const SubscriberOptions& options) {
  const std::string hold_for = std::to_string(options.hold_for.count()) + " ns";
  if (options.hold_for.count() < 0) {
    throw Error(ErrorCode::invalid_option,
                {"subscriber option hold_for", "0 or more", hold_for, "give 0 for not at all"});
  }
  if (options.hold_for.count() != 0 && options.delivery != Delivery::reliable) {
    throw Error(ErrorCode::invalid_option, {"subscriber option hold_for", "0, since the subscriber is lossy", hold_for,
                                            "ask for Delivery::reliable, or leave hold_for out"});
  }
  if (!options.durable.empty()) return;
  const auto refuse = [](const char* option, const char* expected, const char* found) {
    throw Error(ErrorCode::invalid_option,
                {option, expected, found, "give a durable name (SubscriberOptions::durable), or leave it out"});
  };
  if (options.hold_for.count() != 0) {
    refuse("subscriber option hold_for", "0, since the subscriber is not durable", hold_for.c_str());
  }
  if (options.standby) refuse("subscriber option standby", "false, since the subscriber is not durable", "true");
  if (options.acknowledge != Acknowledge::next_poll) {
    refuse("subscriber option acknowledge", "next_poll, since the subscriber is not durable", "manual");
  }
}

}  // namespace

void check_options(const base::Pattern& pattern, const SubscriberOptions& options) {
  check_reading(pattern, options);
  check_durable_options(options);
}

}  // namespace shmbus::detail
