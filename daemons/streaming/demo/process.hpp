#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace demo {

/// A running program. It ends with this object, and with this process, however that ends.
class Process {
 public:
  /// Appends its output to the file `log`. It runs in that network namespace, unless `network` is -1. Throws if no process can
  /// be started; a missing program shows as an ended one.
  Process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
          const std::filesystem::path& log, int network = -1);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void signal(int number);
  /// SIGKILL, and waits for the end.
  void kill();

  bool running();
  /// Its exit code, or 128 and the signal that ended it; nothing while it runs.
  std::optional<int> exit_code();
  pid_t pid() const { return pid_; }

 private:
  void reap(int options);

  pid_t pid_;
  std::optional<int> exit_code_;
};

}  // namespace demo
