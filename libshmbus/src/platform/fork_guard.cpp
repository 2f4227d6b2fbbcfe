#include "platform/fork_guard.hpp"

#include <pthread.h>

#include <mutex>

namespace shmbus::platform {

// Reachable by the fork handlers, so it is never destroyed. The handlers hold the mutex over the fork: the child's list
// is whole.
struct ForkList {
  std::mutex mutex;
  ForkListener* first = nullptr;

  static ForkList& instance() {
    static ForkList& list = *[] {
      auto* made = new ForkList;
      ::pthread_atfork([] { instance().mutex.lock(); }, [] { instance().mutex.unlock(); },
                       [] {
                         for (ForkListener* l = instance().first; l != nullptr; l = l->next_) l->in_child();
                         instance().mutex.unlock();
                       });
      return made;
    }();
    return list;
  }
};

ForkListener::ForkListener() {
  ForkList& list = ForkList::instance();
  const std::lock_guard lock(list.mutex);
  next_ = list.first;
  if (next_ != nullptr) next_->previous_ = this;
  list.first = this;
}

ForkListener::~ForkListener() {
  ForkList& list = ForkList::instance();
  const std::lock_guard lock(list.mutex);
  (previous_ != nullptr ? previous_->next_ : list.first) = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
}

}  // namespace shmbus::platform
