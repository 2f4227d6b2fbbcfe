#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace test {

/// How a process ended: its exit status, or the signal that ended it.
struct End {
  int status = 0;
  int signal = 0;
  friend bool operator==(const End&, const End&) = default;
};

/// A started program whose standard streams the test controls. Everything that waits throws std::runtime_error, with all
/// that the program printed, after a time that no healthy run needs: this is the watchdog. The program is killed by its pid
/// when the object is destroyed, and also when the test dies.
class ChildProcess {
 public:
  enum class Streams {
    pipes,     ///< three pipes
    terminal,  ///< one pseudo-terminal, which controls it: writing "\x03" is Ctrl-C
  };

  explicit ChildProcess(std::vector<std::string> command, Streams streams = Streams::pipes);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  pid_t pid() const noexcept { return pid_; }

  void write(std::string_view text);
  void close_input();
  /// Closes the reading end of its standard output.
  void close_output();

  /// Waits until its standard output, or the terminal, holds this many newlines, or this text.
  void wait_for_lines(std::size_t count);
  void wait_for_output(std::string_view text);
  /// Waits until its standard error holds this text.
  void wait_for_error(std::string_view text);
  /// Waits until the program sleeps in the kernel and has used no processor time for a while.
  void wait_until_idle();

  void kill(int signal);
  /// Reads all that the program prints, and waits for its end.
  End wait();

  /// What the program has printed so far; complete after `wait`. A terminal's output is all in `out`, with "\n" for "\r\n".
  const std::string& out() const noexcept { return out_; }
  const std::string& err() const noexcept { return err_; }

 private:
  template <class Done>
  void pump(const char* what, Done done);

  pid_t pid_ = -1;
  int in_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::string out_;
  std::string err_;
  std::optional<End> end_;
};

/// Runs a command to its end.
struct Finished {
  End end;
  std::string out;
  std::string err;
};
Finished run(std::vector<std::string> command, std::string_view input = {});

/// Processor time of a process in clock ticks, and how often its threads went to sleep, by /proc.
struct ProcessUse {
  unsigned long ticks = 0;
  unsigned long sleeps = 0;
  unsigned long threads = 0;
};
ProcessUse use_of(pid_t pid);

}  // namespace test
