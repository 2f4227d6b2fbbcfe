#pragma once

namespace shmbus::platform {

/// Somebody who must hear, in the child, of a fork. Registered from construction to destruction.
class ForkListener {
 public:
  ForkListener();
  ForkListener(const ForkListener&) = delete;
  ForkListener& operator=(const ForkListener&) = delete;
  virtual ~ForkListener();

  /// Called in the child, before fork returns there; only the forking thread lives, so no lock may be taken.
  virtual void in_child() noexcept {}

 private:
  friend struct ForkList;
  ForkListener* next_ = nullptr;
  ForkListener* previous_ = nullptr;
};

}  // namespace shmbus::platform
