#include "registry/subscription_table.hpp"

#include <algorithm>

#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::registry {

namespace {

void store_owners(layout::SubscriptionEntry& entry, const StandingSubscription& subscription) noexcept {
  const std::size_t count = subscription.owners.size();
  entry.owner_count.store(count, std::memory_order_release);  // SYNC text
  for (std::size_t i = 0; i < std::min<std::size_t>(count, layout::kMaxListedOwners); ++i)
    entry.owners[i].store(subscription.owners[i], std::memory_order_release);
}

void load_owners(const layout::SubscriptionEntry& entry, StandingSubscription& subscription) {
  const std::uint64_t count = entry.owner_count.load(std::memory_order_acquire);
  subscription.all_owners_listed = count <= layout::kMaxListedOwners;
  for (std::uint64_t i = 0; i < std::min<std::uint64_t>(count, layout::kMaxListedOwners); ++i)
    subscription.owners.push_back(entry.owners[i].load(std::memory_order_acquire));
}

}  // namespace

bool StandingSubscription::accepts(uid_t owner) const noexcept {
  return owner == user || owner == 0 || !all_owners_listed ||
         std::find(owners.begin(), owners.end(), owner) != owners.end();
}

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
      do {  // 0 means "not listed"; the counter holds it only if it was overwritten
        subscription.id = registry.header().next_subscription.fetch_add(1, std::memory_order_relaxed);
      } while (subscription.id == 0);
      subscription.bell = layout::kFirstSubscriptionBell + i;
      e.generation.store(0, std::memory_order_release);  // all published by the id; SYNC text
      e.unattached.store(0, std::memory_order_release);
      for (auto& topic : e.unattached_topics) topic.topic.store(0, std::memory_order_release);
      store_owners(e, subscription);
      e.user.store(subscription.user, std::memory_order_release);
      e.reliable.store(subscription.reliable, std::memory_order_release);
      e.demote_after.store(subscription.demote_after, std::memory_order_release);
      e.durable.store(subscription.durable, std::memory_order_release);
      e.durable_id.store(subscription.id, std::memory_order_release);
      e.standing_by.store(subscription.standing_by, std::memory_order_release);
      e.name.store(subscription.name);
      e.pattern.store(subscription.standing_by ? std::string_view{} : subscription.pattern.text());
      SHMBUS_CRASH_POINT("subscription.filled");
      e.id.store(subscription.id, std::memory_order_seq_cst);  // before the topics are read: see TopicTable
      SHMBUS_CRASH_POINT("subscription.listed");
      return i;
    }
    if (registry.grow_subscriptions()) continue;
    if (reaped || reap() == 0) break;
    reaped = true;
  }
  throw Error(ErrorCode::limit,
              {registry.bus().object(), "at most " + std::to_string(layout::kMaxSubscriptions) + " subscriptions",
               "all in use", "use patterns, so that one subscription serves many topics"});
}

void SubscriptionTable::remove(unsigned entry) noexcept {
  at(entry).id.store(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("subscription.unlisted");
  at(entry).owner.store(0, std::memory_order_release);
  SHMBUS_CRASH_POINT("subscription.freed");
}

/// The id comes back after the pattern: from then on, creators place ports for it, and a topic whose creator did not see
/// it is ready (see `add`).
void SubscriptionTable::end_standby(unsigned entry, const StandingSubscription& subscription) noexcept {
  auto& e = at(entry);
  e.id.store(0, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("standby.unlisted");
  e.standing_by.store(0, std::memory_order_release);
  e.pattern.store(subscription.pattern.text());
  e.id.store(subscription.id, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("standby.listed");
}

std::uint64_t SubscriptionTable::durable_holder(std::uint64_t byte) const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    const auto& e = at(i);
    const std::uint64_t id = e.id.load(std::memory_order_seq_cst);
    if (id == 0 || e.durable.load(std::memory_order_acquire) != byte) continue;
    const bool holds =
        e.durable_id.load(std::memory_order_acquire) == id && e.standing_by.load(std::memory_order_acquire) == 0;
    const std::uint64_t node = e.owner.load(std::memory_order_acquire);
    if (holds && e.id.load(std::memory_order_acquire) == id && node_.alive(node)) return node;
  }
  return 0;
}

/// Rings a bell too many where an entry has changed its tenant in the meantime.
void SubscriptionTable::ring_standbys(std::uint64_t byte) const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    const auto& e = at(i);
    if (e.id.load(std::memory_order_seq_cst) == 0 || e.durable.load(std::memory_order_acquire) != byte ||
        e.standing_by.load(std::memory_order_acquire) == 0)
      continue;
    node_.registry().ring(layout::kFirstSubscriptionBell + i);
  }
}

std::vector<StandingSubscription> SubscriptionTable::all() const {
  std::vector<StandingSubscription> found;
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    const auto& e = at(i);
    const std::uint64_t id = e.id.load(std::memory_order_seq_cst);
    if (id == 0) continue;
    auto pattern = base::Pattern::parse(e.pattern.load());
    if (!pattern) continue;  // corrupt
    StandingSubscription s{.id = id, .pattern = std::move(*pattern)};
    s.node = e.owner.load(std::memory_order_acquire);
    s.bell = layout::kFirstSubscriptionBell + i;
    load_owners(e, s);  // as the text: before the second look at the id
    s.user = static_cast<uid_t>(e.user.load(std::memory_order_acquire));
    s.reliable = e.reliable.load(std::memory_order_acquire) != 0;
    s.demote_after = e.demote_after.load(std::memory_order_acquire);
    s.name = e.name.load();
    if (e.id.load(std::memory_order_acquire) == s.id) found.push_back(std::move(s));
  }
  return found;
}

std::vector<StandingSubscription> SubscriptionTable::matching(const base::TopicName& topic) const {
  std::vector<StandingSubscription> found = all();
  std::erase_if(found, [&](const StandingSubscription& s) {
    return !s.pattern.covers(topic) || s.node == 0 || !node_.alive(s.node);
  });
  return found;
}

bool SubscriptionTable::stands(std::uint64_t id) const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    if (at(i).id.load(std::memory_order_seq_cst) == id) return true;
  }
  return false;
}

std::optional<std::uint64_t> SubscriptionTable::tried_generation(std::uint64_t id) const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    const auto& e = at(i);
    if (e.id.load(std::memory_order_seq_cst) != id) continue;
    const std::uint64_t generation = e.generation.load(std::memory_order_seq_cst);
    // The generation belongs to that subscription if the entry still does: an entry is unlisted before it is filled
    // again.
    if (e.id.load(std::memory_order_seq_cst) == id) return generation;
  }
  return std::nullopt;
}

void SubscriptionTable::ring_matching(std::string_view topic) const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    const auto& e = at(i);
    if (e.id.load(std::memory_order_seq_cst) == 0) continue;
    // A mixture of two patterns rings one bell too many or too few. A subscriber that is missed checks again by itself.
    decltype(e.pattern)::Buffer pattern;
    if (base::covers(e.pattern.load_to(pattern), topic)) node_.registry().ring(layout::kFirstSubscriptionBell + i);
  }
}

void SubscriptionTable::ring(std::uint64_t id) const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    if (at(i).id.load(std::memory_order_seq_cst) == id) node_.registry().ring(layout::kFirstSubscriptionBell + i);
  }
}

void SubscriptionTable::ring_own() const noexcept {
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    if (at(i).owner.load(std::memory_order_acquire) == node_.id())
      node_.registry().ring(layout::kFirstSubscriptionBell + i);
  }
}

void SubscriptionTable::show_tried(unsigned entry, std::uint64_t generation) noexcept {
  at(entry).generation.store(generation, std::memory_order_seq_cst);
}

void SubscriptionTable::show_unattached(unsigned entry, std::span<const Unattached> topics) noexcept {
  auto& e = at(entry);
  for (std::size_t i = 0; i < layout::kMaxListedTopics; ++i) {  // only shown to people, so relaxed
    const bool used = i < topics.size();
    e.unattached_topics[i].reason.store(used ? static_cast<std::uint64_t>(topics[i].second) : 0,
                                        std::memory_order_relaxed);
    e.unattached_topics[i].topic.store(used ? topics[i].first : 0, std::memory_order_relaxed);
  }
  e.unattached.store(topics.size(), std::memory_order_relaxed);
}

unsigned SubscriptionTable::reap() noexcept {
  unsigned freed = 0;
  for (unsigned i = 0; i < node_.registry().subscriptions(); ++i) {
    auto& e = at(i);
    std::uint64_t owner = e.owner.load(std::memory_order_acquire);
    if (owner == 0 || node_.alive(owner)) continue;
    // Clear the id first, which takes the subscription off the list. It is the dead node's id if that node still owns
    // the entry after the id was read.
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
