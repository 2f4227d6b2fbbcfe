#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace demo {

/// A program that runs. It ends with this object, and with this process however that ends.
class Process {
 public:
  /// What it prints goes to the end of the file `log`. Throws where there can be no process; a program that is missing
  /// shows as its end.
  Process(const std::filesystem::path& program, const std::vector<std::string>& arguments,
          const std::filesystem::path& log);
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
