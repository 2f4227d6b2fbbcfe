#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "layout/extension_entry.hpp"
#include "platform/segment_file.hpp"

namespace shmbus::layout {

/// Refuses a file that is not regular, or whose owner is not accepted. The accepted owners are this user, root and
/// `owners`. *Throws* Error, `untrusted`.
void check_owner(const platform::FileState& state, const std::vector<uid_t>& owners, const std::string& object);

/// Refuses a file whose mode is not the one that its header records. *Throws* Error, `untrusted`.
void check_mode(const platform::FileState& state, unsigned recorded, const std::string& object);

/// The mode of a topic's control segment, given the mode of its log. A user that may read the log may write the control
/// segment, since a subscriber needs a port there.
constexpr unsigned control_mode(unsigned log_mode) noexcept { return log_mode | ((log_mode & 0444) >> 1); }

/// Refuses a segment that was made under another name: a hard link may lead to it. *Throws* Error, `untrusted`.
void check_name(const std::string& recorded, const std::string& name, const std::string& object);

/// The header fields that every segment has, found and expected.
struct HeaderCheck {
  std::uint64_t magic, expected_magic;
  std::uint32_t version, header_size, expected_header_size, incompatible_flags, known_flags = 0;
};
/// Checks a header in the order of the fields above. *Throws* Error, `corrupt` or `incompatible`.
void check_header(const HeaderCheck& check, const std::string& object);

/// Refuses a file that begins as a segment of shmbus and is of another layout version or an unknown kind. *Throws* Error,
/// `incompatible`. Call it before `check_size`: a segment of another version has another size.
void check_version(const platform::SegmentFile& file, std::uint64_t expected_magic, const std::string& object);

/// Refuses a file that does not have the expected size. *Throws* Error, `corrupt`.
void check_size(std::uint64_t found, std::uint64_t expected, const std::string& object);

/// Refuses a directory with a part that does not lie between the `base` bytes that the layout describes and the
/// segment's end. *Throws* Error, `corrupt`.
void check_extensions(const ExtensionDirectory& directory, std::uint64_t base, std::uint64_t segment_size,
                      const std::string& object);

/// Loads a plain field exactly once. Other processes may overwrite it at any time; so the checked value is the one that
/// is used (I6).
template <class T>
T load_once(const T& field) noexcept {
  return *static_cast<const volatile T*>(&field);
}

/// The mode as text, like "0640".
std::string octal(unsigned mode);

}  // namespace shmbus::layout
