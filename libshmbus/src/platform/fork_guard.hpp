#pragma once

#include <mutex>

namespace shmbus::platform {

/// An object that is called in the child after a fork. It listens from `listen`, which its constructor calls last,
/// until its destruction.
class ForkListener {
 public:
  ForkListener() = default;
  ForkListener(const ForkListener&) = delete;
  ForkListener& operator=(const ForkListener&) = delete;
  virtual ~ForkListener();

  /// Called in the child, before fork returns there. Only the forking thread exists, so no lock may be taken.
  virtual void in_child() noexcept = 0;

 protected:
  void listen();
  /// Stops listening. The destructor calls it first.
  void stop_listening() noexcept;

 private:
  friend struct ForkList;
  ForkListener* next_ = nullptr;
  ForkListener* previous_ = nullptr;
  bool listening_ = false;
};

/// Keeps other threads from forking during its lifetime: for steps that a child must find complete or not begun.
class NoFork {
 public:
  NoFork();

 private:
  std::unique_lock<std::recursive_mutex> lock_;
};

}  // namespace shmbus::platform
