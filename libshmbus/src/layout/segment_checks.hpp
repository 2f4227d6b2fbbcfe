#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "layout/extension_entry.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::layout {

/// Refuses a file that is not regular, or belongs to a user who is not among the accepted ones: oneself, root and
/// `owners`. Throws Error, `untrusted`.
void check_owner(const platform::FileState& state, const std::vector<uid_t>& owners, const std::string& object);

/// Refuses a file whose mode is not the one its header records. Throws Error, `untrusted`.
void check_mode(const platform::FileState& state, unsigned recorded, const std::string& object);

/// The mode of a topic's control segment, by that of its log: whoever may read the log may write the control segment,
/// since that is how a subscriber has a port.
constexpr unsigned control_mode(unsigned log_mode) noexcept { return log_mode | ((log_mode & 0444) >> 1); }

/// Refuses a segment that was made under another name: a hard link may lead to it. Throws Error, `untrusted`.
void check_name(const std::string& recorded, const std::string& name, const std::string& object);

/// What a header must say, checked in this order. Throws Error, `corrupt` or `incompatible`.
struct HeaderCheck {
  std::uint64_t magic, expected_magic;
  std::uint32_t version, header_size, expected_header_size, incompatible_flags;
};
void check_header(const HeaderCheck& check, const std::string& object);

/// Throws Error, `corrupt`, where a file's size is not the expected one.
void check_size(std::uint64_t found, std::uint64_t expected, const std::string& object);

/// Throws Error, `corrupt`, where a part that the directory names does not lie between what the layout describes, `base`
/// bytes, and the segment's end.
void check_extensions(const ExtensionDirectory& directory, std::uint64_t base, std::uint64_t segment_size,
                      const std::string& object);

/// One load of a plain field that others may write over at any time: what was checked is what is used (I6).
template <class T>
T load_once(const T& field) noexcept {
  return *static_cast<const volatile T*>(&field);
}

/// "0640"
std::string octal(unsigned mode);

}  // namespace shmbus::layout
