#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "link.hpp"
#include "message_headers.hpp"
#include "settings.hpp"

namespace shmbus::bridge {

/// The state of a stream at one moment.
struct StreamState {
  std::int64_t created = 0;  ///< ns since 1970: tells a stream from a later one of the same name
  std::uint64_t first = 0;   ///< sequence of its oldest message; one more than `last` where it has none
  std::uint64_t last = 0;    ///< sequence of its newest message, also of one that is gone
  std::uint64_t messages = 0;
};

/// Our stream on the server. It is made where it is missing. One thread.
class Stream {
 public:
  /// Throws StreamError where there is a stream of that name whose options are others, NatsError where the server refuses.
  Stream(Link& link, const NatsSettings& settings, const std::string& bridge);

  const std::string& name() const noexcept { return name_; }
  /// Whether this object made it.
  bool made() const noexcept { return made_; }

  StreamState state() const;
  /// Who wrote the last message of a topic, or of the whole stream, and which event it is; nothing where there is no such
  /// message. The stream's leader answers. Throws StreamError where the message is not a bridge's.
  std::optional<Written> last_of(const std::string& topic) const;
  std::optional<Written> last() const;

 private:
  std::optional<Written> written(natsStatus status, jsErrCode code, natsMsg* message, const std::string& what) const;

  Link& link_;
  std::string bridge_;
  std::string name_;
  bool made_ = false;
};

/// When a message was stored, in ns since 1970; 0 where it is not there. Throws NatsError.
std::int64_t stored_at(Link& link, const std::string& stream, std::uint64_t sequence);

/// The state of any stream; nothing where there is none of that name. Throws NatsError.
std::optional<StreamState> stream_state(Link& link, const std::string& stream);

}  // namespace shmbus::bridge
