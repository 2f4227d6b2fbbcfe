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
/// before it waits. Throws std::system_error, with EPIPE where nobody reads any more.
class Output {
 public:
  Output();

  bool terminal() const noexcept { return terminal_; }
  /// Width of the terminal in characters, 80 where it does not say; 0 where it is none, so that all is printed.
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

/// Interrupts the bus as soon as nobody can read standard output any more, as `tail -f` ends when its pipe closes:
/// otherwise `shmbus sub | head -1` would stay until the next event. Sleeps all the while, and only where the output is
/// a pipe or socket.
class OutputWatch {
 public:
  explicit OutputWatch(Bus& bus);
  OutputWatch(const OutputWatch&) = delete;
  OutputWatch& operator=(const OutputWatch&) = delete;
  ~OutputWatch();

  /// Throws EPIPE once the reader has gone.
  void check() const;

 private:
  int stop_;  // an eventfd; -1: nothing to watch
  std::atomic<bool> closed_{false};
  std::thread thread_;
};

}  // namespace shmbus::tool
