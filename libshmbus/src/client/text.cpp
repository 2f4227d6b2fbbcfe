// Texts for people: statuses, errors, ids.

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "shmbus/error.hpp"
#include "shmbus/event_id.hpp"
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
      return "closed: the bus or topic was removed, this is a forked child, or the object was moved from; open the bus "
             "again";
    case Status::corrupt:
      return "corrupt: the topic's shared memory was overwritten; remove the topic";
    case Status::incomplete:
      return "incomplete: not every matching topic could be attached; unattached() tells which, and why";
    case Status::beyond_loan:
      return "beyond_loan: more bytes than were loaned; commit at most payload().size(), or loan more";
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
    case ErrorCode::stale_position:
      return "stale_position";
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

std::optional<EventId> EventId::parse(std::string_view text) noexcept {
  EventId id;
  const auto read = [&text](std::uint64_t& value, int base, std::size_t digits) {
    const std::size_t end = digits != 0 ? digits : text.size();
    if (text.size() < end) return false;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + end, value, base);
    if (error != std::errc{} || rest != text.data() + end) return false;
    text.remove_prefix(end);
    return true;
  };
  const auto dash = [&text] {
    if (!text.starts_with('-')) return false;
    text.remove_prefix(1);
    return true;
  };
  constexpr std::size_t kDigits = 16;
  if (!read(id.bus, 16, kDigits) || !dash() || !read(id.topic, 16, kDigits) || !dash() || !read(id.sequence, 10, 0))
    return std::nullopt;
  return id;
}

void detail::two_threads_at_once() noexcept {
  std::fputs(
      "shmbus: a Publisher or Subscriber is used by two threads at once, or a Subscriber inside its own "
      "handler; give each thread its own\n",
      stderr);
  std::abort();
}

}  // namespace shmbus
