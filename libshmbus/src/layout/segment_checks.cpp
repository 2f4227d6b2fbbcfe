#include "layout/segment_checks.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/quoted.hpp"
#include "layout/constants.hpp"
#include "layout/segment_kinds.hpp"
#include "shmbus/error.hpp"

namespace shmbus::layout {

std::string octal(unsigned mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%04o", mode);
  return text;
}

void check_owner(const platform::FileState& state, const std::vector<uid_t>& owners, const std::string& object) {
  if (!state.regular) {
    throw Error(ErrorCode::untrusted,
                {object, "a regular file", "something else", "find out who put it into /dev/shm, and remove it"});
  }
  const uid_t self = ::geteuid();
  if (state.owner == self || state.owner == 0 || std::find(owners.begin(), owners.end(), state.owner) != owners.end())
    return;
  throw Error(ErrorCode::untrusted,
              {object, "owner uid " + std::to_string(self) + " or root", "owner uid " + std::to_string(state.owner),
               "if that user is to be trusted, name it in BusOptions::owners; else remove the segment"});
}

void check_mode(const platform::FileState& state, unsigned recorded, const std::string& object) {
  if (state.mode == recorded) return;
  throw Error(ErrorCode::untrusted,
              {object, "mode " + octal(recorded) + ", as recorded by its creator", "mode " + octal(state.mode),
               "somebody changed it: set it back, or remove the bus"});
}

void check_name(const std::string& recorded, const std::string& name, const std::string& object) {
  if (recorded == name) return;
  throw Error(ErrorCode::untrusted, {object, "a segment made under the name " + base::quoted(name),
                                     "one made under the name " + base::quoted(recorded),
                                     "find out who linked it to this name, and remove the link"});
}

namespace {

[[noreturn]] void refuse_kind(std::string_view begin, const std::string& object) {
  throw Error(ErrorCode::incompatible, {object, "a segment of a kind that this shmbus knows", base::quoted(begin),
                                        "use the newer shmbus that made it; or stop all members, remove the bus"});
}

[[noreturn]] void refuse_version(std::uint32_t version, const std::string& object) {
  throw Error(ErrorCode::incompatible,
              {object, "layout version " + std::to_string(kVersion), "version " + std::to_string(version),
               "use the same shmbus in all processes; or stop them all and remove the bus"});
}

}  // namespace

void check_version(const platform::SegmentFile& file, std::uint64_t expected_magic, const std::string& object) {
  char begin[12];
  if (file.read(0, begin, sizeof begin) != sizeof begin) return;  // its size is wrong, too
  const std::string_view magic(begin, 8);
  std::uint64_t word = 0;
  std::uint32_t version = 0;
  std::memcpy(&word, begin, sizeof word);
  std::memcpy(&version, begin + sizeof word, sizeof version);
  if (is_unknown_kind(magic)) refuse_kind(magic, object);
  if (word == expected_magic && version != kVersion) refuse_version(version, object);
}

void check_header(const HeaderCheck& check, const std::string& object) {
  if (check.magic != check.expected_magic) {
    char begin[sizeof check.magic];
    std::memcpy(begin, &check.magic, sizeof begin);
    if (is_unknown_kind({begin, sizeof begin})) refuse_kind({begin, sizeof begin}, object);
    throw Error(ErrorCode::corrupt,
                {object, "a segment of shmbus", "other bytes at its start", "remove the bus, and start again"});
  }
  if (check.version != kVersion) refuse_version(check.version, object);
  if (check.header_size != check.expected_header_size || (check.incompatible_flags & ~check.known_flags) != 0) {
    throw Error(ErrorCode::incompatible,
                {object,
                 "a header of " + std::to_string(check.expected_header_size) +
                     " bytes, and no feature that this shmbus does not know",
                 std::to_string(check.header_size) + " bytes, features " + std::to_string(check.incompatible_flags),
                 "use the same shmbus in all processes; or stop them all and remove the bus"});
  }
}

void check_extensions(const ExtensionDirectory& directory, std::uint64_t base, std::uint64_t segment_size,
                      const std::string& object) {
  for (const ExtensionEntry& entry : directory) {
    const std::uint32_t id = load_once(entry.id);
    const std::uint64_t offset = load_once(entry.offset), size = load_once(entry.size);
    if (id == 0) continue;
    if (offset >= base && offset % kPage == 0 && offset <= segment_size && size <= segment_size - offset) continue;
    throw Error(ErrorCode::corrupt, {object + ", part " + std::to_string(id), "room behind what the layout describes",
                                     std::to_string(size) + " bytes at " + std::to_string(offset),
                                     "somebody overwrote it: remove the bus"});
  }
}

void check_size(std::uint64_t found, std::uint64_t expected, const std::string& object) {
  if (found == expected) return;
  throw Error(ErrorCode::corrupt, {object, std::to_string(expected) + " bytes", std::to_string(found) + " bytes",
                                   "somebody cut it short or overwrote it: remove the bus"});
}

}  // namespace shmbus::layout
