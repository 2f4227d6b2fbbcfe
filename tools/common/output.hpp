#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <thread>

namespace shmbus {
class Bus;
}

namespace shmbus::tool {

/// Standard output. Lines to a terminal are written at once; others are collected until `flush`, which the caller does
/// before it waits. Throws std::system_error, with EPIPE if the reader has closed the pipe.
class Output {
 public:
  Output();

  bool terminal() const noexcept { return terminal_; }
  /// Width of the terminal in characters, or 80 if it is not known. 0 if standard output is not a terminal: all is printed.
  std::size_t columns() const noexcept;

  /// Where to append text; call `line_done` after each line.
  std::string& text() noexcept { return text_; }
  void line_done();

  /// Writes everything. Returns early, and drops the rest, only when a signal asks to stop.
  void flush();

 private:
  bool terminal_;
  std::string text_;
};

/// Notices when standard output is closed at its other end, and interrupts the bus, as `tail -f` ends when its pipe closes.
/// Without it, `shmbus sub | head -1` would run until the next event. Works by a sleeping thread, and only if the output is
/// a pipe or socket.
class OutputWatch {
 public:
  explicit OutputWatch(Bus& bus) : OutputWatch(&bus) {}
  /// For a program that joined no bus, and calls `check` now and then.
  OutputWatch() : OutputWatch(nullptr) {}
  OutputWatch(const OutputWatch&) = delete;
  OutputWatch& operator=(const OutputWatch&) = delete;
  ~OutputWatch();

  /// Throws EPIPE once the reader has gone.
  void check() const;

 private:
  explicit OutputWatch(Bus* bus);

  int stop_;  // an eventfd; -1: nothing to watch
  std::atomic<bool> closed_{false};
  std::thread thread_;
};

}  // namespace shmbus::tool
