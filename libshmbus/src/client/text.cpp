// Texts for people: statuses, errors, ids.

#include <cstdio>
#include <cstdlib>

#include "shmbus/error.hpp"
#include "shmbus/event.hpp"
#include "shmbus/status.hpp"
#include "shmbus/thread_check.hpp"

namespace shmbus {

const char* to_string(Status status) noexcept {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::back_pressured:
      return "back_pressured: a reliable subscriber holds the ring back; wait, or give it demote_after";
    case Status::too_large:
      return "too_large: the payload does not fit a block; create the topic with a larger block_size";
    case Status::no_memory:
      return "no_memory: /dev/shm is full; free room there, or make it larger";
    case Status::loan_open:
      return "loan_open: commit or abort this publisher's loan first";
    case Status::closed:
      return "closed: the bus or topic was removed, or this is a forked child; open the bus again";
    case Status::corrupt:
      return "corrupt: the topic's shared memory was overwritten; remove the topic";
  }
  return "unknown status";
}

const char* to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_name:
      return "invalid_name";
    case ErrorCode::invalid_option:
      return "invalid_option";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::permission:
      return "permission";
    case ErrorCode::untrusted:
      return "untrusted";
    case ErrorCode::incompatible:
      return "incompatible";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::no_memory:
      return "no_memory";
    case ErrorCode::limit:
      return "limit";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::type_mismatch:
      return "type_mismatch";
    case ErrorCode::closed:
      return "closed";
    case ErrorCode::system:
      return "system";
  }
  return "unknown";
}

namespace {

std::string sentence(const ErrorText& text) {
  std::string s = text.object;
  if (!text.expected.empty()) s += ": expected " + text.expected;
  if (!text.found.empty()) s += (text.expected.empty() ? ": found " : ", found ") + text.found;
  if (!text.remedy.empty()) s += "; " + text.remedy;
  return s;
}

}  // namespace

Error::Error(ErrorCode code, ErrorText text)
    : std::runtime_error(sentence(text)), code_(code), text_(std::move(text)) {}

std::string EventId::to_string() const {
  char text[64];
  std::snprintf(text, sizeof text, "%016llx-%016llx-%llu", static_cast<unsigned long long>(bus),
                static_cast<unsigned long long>(topic), static_cast<unsigned long long>(sequence));
  return text;
}

void detail::two_threads_at_once() noexcept {
  std::fputs("shmbus: a Publisher or Subscriber is used by two threads at once; give each thread its own\n", stderr);
  std::abort();
}

}  // namespace shmbus
