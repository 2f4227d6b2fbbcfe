#pragma once

#include <stdexcept>
#include <string>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// Why opening or attaching failed.
enum class ErrorCode {
  invalid_name,    ///< a bus, topic or pattern name outside the allowed characters or length
  invalid_option,  ///< an option outside its range
  not_found,       ///< no such bus or topic
  permission,      ///< the system refuses access
  untrusted,  ///< the segment's owner is not accepted, its mode or name is not the recorded one, or it is not a regular
  ///< file
  incompatible,    ///< another version or layout of shmbus
  corrupt,         ///< shared memory holds invalid data
  no_memory,       ///< /dev/shm has not enough room
  limit,           ///< one of the documented limits is reached
  busy,            ///< another process or publisher holds the exclusive right
  type_mismatch,   ///< the topic carries another type
  stale_position,  ///< a position to resume from belongs to an earlier topic or bus
  closed,          ///< the bus was removed, or is used in a forked child
  system,          ///< any other error of the operating system
};

/// Returns the name of a code, for example "type_mismatch".
const char* to_string(ErrorCode code) noexcept;

/// The parts of an error's text. Each part is a phrase for people; empty parts are left out of the text.
struct ErrorText {
  std::string object;    ///< the thing: "topic 'video.frame'"
  std::string expected;  ///< what was expected of it
  std::string found;     ///< what was found instead; without `expected`, what is wrong: "does not exist"
  std::string remedy;    ///< what to do
};

/// Thrown when opening and attaching; never when publishing or polling.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, ErrorText text);

  ErrorCode code() const noexcept { return code_; }
  const std::string& object() const noexcept { return text_.object; }
  const std::string& expected() const noexcept { return text_.expected; }
  const std::string& found() const noexcept { return text_.found; }
  const std::string& remedy() const noexcept { return text_.remedy; }

 private:
  ErrorCode code_;
  ErrorText text_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
