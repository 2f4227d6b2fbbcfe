#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace demo {

/// A folder for the logs, states, sockets and journals of one demonstration, and a name for its buses. All are removed at the end.
///
/// It is locked while the demonstration runs, so that the next one recognises what a killed one left, and removes it.
class Workspace {
 public:
  /// Throws Failure.
  Workspace();
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  /// The begin of the buses' names, which no other demonstration uses.
  const std::string& name() const { return name_; }

 private:
  std::filesystem::path folder_;
  std::string name_;
  int lock_ = -1;
};

/// Removes the buses and folders of demonstrations that were killed before they could do so.
void remove_leftovers();

/// Removes what bridges keep in shared memory, of all buses whose names begin with this.
void remove_bridge_states(const std::string& buses);

/// What lies in shared memory under names that contain this.
std::vector<std::string> shared_memory_named(const std::string& name);

}  // namespace demo
