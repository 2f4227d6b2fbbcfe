#include "registry/subscription_table.hpp"

#include <algorithm>

#include "registry/names.hpp"
#include "shmbus/error.hpp"
#include "shmbus/platform/crash_point.hpp"

namespace shmbus::registry {

unsigned SubscriptionTable::add(StandingSubscription& subscription) {
  Registry& registry = node_.registry();
  for (bool reaped = false;;) {
    for (unsigned i = 0; i < registry.subscriptions(); ++i) {
      auto& e = at(i);
      std::uint64_t free = 0;
      if (e.owner.load(std::memory_order_relaxed) != 0 ||  // a hint; the compare-and-swap decides
          !e.owner.compare_exchange_strong(free, node_.id(), std::memory_order_acq_rel)) {
        continue;
      }
      SHMBUS_CRASH_POINT("subscription.taken");
      do {  // 0 says "not listed", and comes of broken bytes alone
        subscription.id = registry.header().next_subscription.fetch_add(1, std::memory_order_relaxed);
      } while (subscription.id == 0);
      e.bell.store(subscription.bell, std::memory_order_release);  // all published by the id; SYNC text
      e.user.store(subscription.user, std::memory_order_release);
      e.reliable.store(subscription.reliable, std::memory_order_release);
      e.demote_after.store(subscription.demote_after, std::memory_order_release);
      e.name.store(subscription.name);
      e.pattern.store(subscription.pattern);
      SHMBUS_CRASH_POINT("subscription.filled");
      e.id.store(subscription.id, std::memory_order_seq_cst);  // before the look at the topics: see TopicTable
      SHMBUS_CRASH_POINT("subscription.listed");
      return i;
    }
    if (registry.grow_subscriptions()) continue;
    if (reaped || reap() == 0) break;
    reaped = true;
  }
  throw Error(ErrorCode::limit,
              {bus_object(registry.bus()), "at most " + std::to_string(layout::kMaxSubscriptions) + " subscriptions",
               "all in use", "use patterns, so that one subscription serves many topics"});
}

void SubscriptionTable::remove(unsigned entry) noexcept {
  at(entry).id.store(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("subscription.unlisted");
  at(entry).owner.store(0, std::memory_order_release);
  SHMBUS_CRASH_POINT("subscription.freed");
}

std::vector<StandingSubscription> SubscriptionTable::all() const {
  std::vector<StandingSubscription> found;
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    const auto& e = at(i);
    StandingSubscription s;
    s.id = e.id.load(std::memory_order_seq_cst);
    if (s.id == 0) continue;
    s.node = e.owner.load(std::memory_order_acquire);
    s.bell = e.bell.load(std::memory_order_acquire);  // as the text: before the second look at the id
    s.user = static_cast<uid_t>(e.user.load(std::memory_order_acquire));
    s.reliable = e.reliable.load(std::memory_order_acquire) != 0;
    s.demote_after = e.demote_after.load(std::memory_order_acquire);
    s.name = e.name.load();
    s.pattern = e.pattern.load();
    if (e.id.load(std::memory_order_acquire) == s.id) found.push_back(std::move(s));
  }
  return found;
}

std::vector<StandingSubscription> SubscriptionTable::matching(std::string_view topic) const {
  std::vector<StandingSubscription> found = all();
  std::erase_if(found, [&](const StandingSubscription& s) {
    return !matches(s.pattern, topic) || s.node == 0 || !node_.alive(s.node);
  });
  return found;
}

bool SubscriptionTable::stands(std::uint64_t id) const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    if (at(i).id.load(std::memory_order_seq_cst) == id) return true;
  }
  return false;
}

unsigned SubscriptionTable::reap() noexcept {
  unsigned freed = 0;
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    auto& e = at(i);
    std::uint64_t owner = e.owner.load(std::memory_order_acquire);
    if (owner == 0 || node_.alive(owner)) continue;
    // The id first, which takes it off the list; it is the dead node's if that still owns the entry after it was read.
    std::uint64_t id = e.id.load(std::memory_order_acquire);
    if (e.owner.load(std::memory_order_acquire) != owner) continue;
    if (id != 0 && !e.id.compare_exchange_strong(id, 0, std::memory_order_seq_cst) && id != 0) continue;
    SHMBUS_CRASH_POINT("subscription.reap_unlisted");
    if (e.owner.compare_exchange_strong(owner, 0, std::memory_order_acq_rel)) ++freed;
    SHMBUS_CRASH_POINT("subscription.reaped");
  }
  return freed;
}

}  // namespace shmbus::registry
