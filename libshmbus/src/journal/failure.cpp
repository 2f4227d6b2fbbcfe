#include "journal/failure.hpp"

#include <cerrno>

#include "platform/system_error.hpp"

namespace shmbus::journal {

std::string Failure::text() const { return error == 0 ? std::string() : what + ": " + platform::error_text(error); }

Error storage_error(int error, const std::string& object, const std::string& expected) {
  const std::string found = platform::error_text(error);
  switch (error) {
    case EACCES:
    case EPERM:
      return {ErrorCode::permission,
              {object, expected, found, "give this user the right, or name another folder for journals"}};
    case EROFS:
      return {ErrorCode::permission, {object, expected, found, "name a folder that may be written for journals"}};
    case ENOSPC:
    case EDQUOT:
      return {ErrorCode::limit, {object, expected, found, "free room on that disk, or keep fewer events"}};
    case EMFILE:
    case ENFILE:
      return {ErrorCode::limit, {object, expected, found, "raise the limit of open files (ulimit -n)"}};
    case EBADMSG:
      return {ErrorCode::corrupt,
              {object, expected, "damaged bytes", "look at it with 'shmbus journal verify'; or move the folder away"}};
    default:
      return {ErrorCode::system, {object, expected, found, ""}};
  }
}

}  // namespace shmbus::journal
