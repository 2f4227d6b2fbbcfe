#pragma once

#include <stdexcept>
#include <string>

#include <nats/nats.h>

namespace shmbus::bridge {

/// What NATS refused, and why, as one line.
class NatsError : public std::runtime_error {
 public:
  NatsError(natsStatus status, jsErrCode code, const std::string& text)
      : std::runtime_error(text), status_(status), code_(code) {}

  natsStatus status() const noexcept { return status_; }
  jsErrCode code() const noexcept { return code_; }

 private:
  natsStatus status_;
  jsErrCode code_;
};

/// What waiting does not mend: the stream, or the configuration, must be changed by a person.
class StreamError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws NatsError unless the status is NATS_OK. `what` was attempted: "the stream shmbus_a can't be made".
void check(natsStatus status, const std::string& what, jsErrCode code = static_cast<jsErrCode>(0));

/// The last failure of nats.c on this thread in words: its own text, or that of the status.
std::string nats_reason(natsStatus status);

}  // namespace shmbus::bridge
