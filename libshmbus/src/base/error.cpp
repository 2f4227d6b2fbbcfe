#include "shmbus/error.hpp"

#include <utility>

namespace shmbus {

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
  if (!text.found.empty()) s += (text.expected.empty() ? " " : ", found ") + text.found;
  if (!text.remedy.empty()) s += "; " + text.remedy;
  return s;
}

}  // namespace

Error::Error(ErrorCode code, ErrorText text)
    : std::runtime_error(sentence(text)), code_(code), text_(std::move(text)) {}

}  // namespace shmbus
