#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "in_consumer.hpp"
#include "settings.hpp"
#include "stream.hpp"

namespace shmbus::bridge {

/// What is known when the bridge begins to receive an origin's stream, for the first time or again.
struct InSituation {
  StreamState stream;
  std::int64_t known_stream = 0;  ///< creation of the stream that was received before; 0: none was
  std::uint64_t taken = 0;        ///< its last message that was dealt with
  bool same_message = true;       ///< false: that message is another one now
  std::optional<std::uint64_t> acknowledged;  ///< by our consumer, if it is still there
  RuleStart rule;
  bool appeared = false;  ///< the stream came after the bridge had looked for it
  Time now{};
};

/// Where to begin.
struct InBegin {
  ConsumerStart start;
  std::uint64_t lost = 0;  ///< messages that left the stream before they were received, at most
  std::string remark;      ///< what is unusual, in words
};

InBegin in_begin(const InSituation& situation);

}  // namespace shmbus::bridge
