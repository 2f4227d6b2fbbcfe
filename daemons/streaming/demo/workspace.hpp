#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace demo {

/// A folder for the logs, states and sockets of one demonstration, and a name for its buses. Gone in the end.
///
/// It is locked while the demonstration lives. So the next one can tell what a killed one left, and remove it.
class Workspace {
 public:
  /// Throws Failure.
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// The buses' names begin with it. No other demonstration has it.
  const std::string& name() const { return name_; }

 private:
  std::filesystem::path folder_;
  std::string name_;
  int lock_ = -1;
};

/// Removes the buses and folders of demonstrations that were killed before they could do so.
void remove_leftovers();

/// What lies in shared memory under names that contain this.
std::vector<std::string> shared_memory_named(const std::string& name);

}  // namespace demo
