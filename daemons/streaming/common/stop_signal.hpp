#pragma once

#include <chrono>

namespace shmbus {
class Bus;
}

namespace streaming {

/// SIGINT, SIGTERM and SIGHUP end a program in good order. One a process, for as long as the program runs.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// From now on the signal makes every wait of this bus return as well. The bus must outlive this, or `forget` it.
  void interrupts(shmbus::Bus& bus);
  void forget();

  /// The signal that came, or 0.
  int number() const;
  bool requested() const { return number() != 0; }

  /// Readable once the signal came: for poll, beside what the program waits for.
  int fd() const;

  /// Sleeps so long, or until the signal comes.
  void sleep(std::chrono::nanoseconds duration) const;
};

}  // namespace streaming
