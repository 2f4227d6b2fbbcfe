#include "platform/fork_guard.hpp"

#include <pthread.h>

#include <new>
#include <utility>

namespace shmbus::platform {

// The fork handlers use it, so it is never destroyed. They hold the mutex during the fork, so the child's list is
// consistent.
struct ForkList {
  std::recursive_mutex mutex;
  ForkListener* first = nullptr;

  static ForkList& instance() {
    static ForkList& list = *[] {
      auto* made = new ForkList;
      ::pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); },
                       [] {
                         for (ForkListener* l = instance().first; l != nullptr; l = l->next_) l->in_child();
                         new (&instance().mutex) std::recursive_mutex;  // the old mutex is owned by the parent's thread
                       });
      return made;
    }();
    return list;
  }
};

NoFork::NoFork() : lock_(ForkList::instance().mutex) {}

void ForkListener::listen() {
  ForkList& list = ForkList::instance();
  const std::lock_guard lock(list.mutex);
  next_ = list.first;
  if (next_ != nullptr) next_->previous_ = this;
  list.first = this;
  listening_ = true;
}

ForkListener::~ForkListener() { stop_listening(); }

void ForkListener::stop_listening() noexcept {
  if (!std::exchange(listening_, false)) return;
  ForkList& list = ForkList::instance();
  const std::lock_guard lock(list.mutex);
  (previous_ != nullptr ? previous_->next_ : list.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

}  // namespace shmbus::platform
