#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "journal/storage.hpp"
#include "platform/known_descriptor.hpp"

namespace shmbus::journal {

/// Who may use a journal's files.
struct FileRights {
  unsigned mode = 0600;         ///< of the topic's log: whoever may read it may read the journal; only the owner writes
  std::string group{};          ///< owner group of what is created, by name or number; empty: the system's choice
  std::vector<uid_t> owners{};  ///< accepted owners of files, besides this user and root
};

/// A folder on disk. Its files are opened beneath its descriptor, and no symbolic link is followed. Files and folders
/// that are created have exactly the mode that the rights give.
class DiskStorage final : public Storage {
 public:
  /// Opens the folder `root`/`parts[0]`/`parts[1]`... Returns nothing where there is none. `root` may be or contain a
  /// symbolic link, the parts may not. *Throws* Error: `untrusted`, `permission`, `system`, ...
  static std::unique_ptr<DiskStorage> open(const std::string& root, const std::vector<std::string>& parts,
                                           const FileRights& rights);
  /// As `open`, and creates the folders that are missing, `root` and the folders above it included. They are on stable
  /// storage when this returns.
  static std::unique_ptr<DiskStorage> create(const std::string& root, const std::vector<std::string>& parts,
                                             const FileRights& rights);

  /// Of the folder. It stays this object's.
  int descriptor() const noexcept { return descriptor_.get(); }

  int create(const std::string& name, std::unique_ptr<StoredFile>& file) override;
  int open(const std::string& name, Use use, std::unique_ptr<StoredFile>& file) override;
  int rename(const std::string& from, const std::string& to) override;
  int unlink(const std::string& name) override;
  int list(std::vector<std::string>& names) override;
  int sync() override;
  int free_space(std::uint64_t& bytes) override;
  std::string path() const override { return path_; }

 private:
  DiskStorage(int descriptor, std::string path, FileRights rights, gid_t group);
  bool accepts(uid_t owner) const noexcept;

  static std::unique_ptr<DiskStorage> open_folder(const std::string& root, const std::vector<std::string>& parts,
                                                  const FileRights& rights, bool create);

  platform::KnownDescriptor descriptor_;
  std::string path_;
  FileRights rights_;
  gid_t group_;  // kNoGroup: the system's choice
};

}  // namespace shmbus::journal
