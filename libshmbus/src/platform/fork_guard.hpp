#pragma once

#include <mutex>

namespace shmbus::platform {

/// Somebody who must hear, in the child, of a fork: from `listen`, the last thing its constructor does, to its
/// destruction.
class ForkListener {
 public:
  ForkListener() = default;
  ForkListener(const ForkListener&) = delete;
  ForkListener& operator=(const ForkListener&) = delete;
  virtual ~ForkListener();

  /// Called in the child, before fork returns there; only the forking thread lives, so no lock may be taken.
  virtual void in_child() noexcept = 0;

 protected:
  void listen();
  /// The first thing a destructor does.
  void stop_listening() noexcept;

 private:
  friend struct ForkList;
  ForkListener* next_ = nullptr;
  ForkListener* previous_ = nullptr;
  bool listening_ = false;
};

/// While it lives, no other thread's fork begins: for steps that a child must find done or not begun.
class NoFork {
 public:
  NoFork();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

}  // namespace shmbus::platform
