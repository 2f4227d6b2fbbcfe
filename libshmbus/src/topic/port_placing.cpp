// Ports for subscribers that subscribed before the topic existed.

#include <grp.h>
#include <pwd.h>

#include <algorithm>

#include "log/ports.hpp"
#include "registry/subscription_table.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::topic {

namespace {

/// Whether a user may open a segment. A port placed for a user that may not would hold publishers back without use.
bool may_open(const platform::FileState& file, uid_t user) {
  if (user == 0 || user == file.owner || (file.mode & 0004) != 0) return true;
  if ((file.mode & 0040) == 0) return false;
  struct passwd entry {};
  struct passwd* found = nullptr;
  std::vector<char> text(16 * 1024);
  if (::getpwuid_r(user, &entry, text.data(), text.size(), &found) != 0 || found == nullptr) return false;
  std::vector<gid_t> groups(64);
  for (;;) {
    int count = static_cast<int>(groups.size());
    const bool all = ::getgrouplist(entry.pw_name, entry.pw_gid, groups.data(), &count) >= 0;
    groups.resize(static_cast<std::size_t>(count));
    if (all) return std::find(groups.begin(), groups.end(), file.group) != groups.end();
  }
}

}  // namespace

void TopicSegment::place_subscribers() {
  registry::SubscriptionTable table(*member_.node);
  const auto file = log_name_.state();
  if (!file) return;  // removed in the meantime
  // The owner word of a port that serves a subscription, else 0. It is loaded once for all checks, since it may change:
  // two processes may withdraw their own ports at the same time. A port that is being filled or cleared, or that pins
  // nothing yet, does not count: it holds no publisher back, so a process that took it for the subscriber's port would
  // go on to publish too early.
  const auto serving = [&](unsigned i, const registry::StandingSubscription& s) -> std::uint64_t {
    const auto& port = header_->subscriber_ports[i];
    const std::uint64_t owner = port.owner.load(std::memory_order_seq_cst);
    const bool serves = (owner & layout::kRepairing) == 0 && layout::owner_node(owner) == s.node &&
                        port.subscription.load(std::memory_order_acquire) == s.id &&
                        port.words.pin.load(std::memory_order_seq_cst) != log::kNone;
    return serves ? owner : 0;
  };
  for (const registry::StandingSubscription& s : table.matching(name_)) {
    if (!may_open(*file, s.user) || !s.accepts(file->owner)) continue;
    bool served = false;
    for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) served = served || serving(i, s) != 0;
    if (served) continue;
    constexpr std::uint64_t kFirstBlock = 1;
    const auto port = log::attach_subscriber(*log_, {s.node, s.bell, s.id, s.reliable, s.demote_after, s.name, true},
                                             kFirstBlock, log_->first_sequence());
    // Another process, or the subscriber itself, may have taken a port for it in the meantime. Each checks after it has
    // shown its own port, so at least one of two sees the other's. Of two placed ports the lower one stays. If the
    // other port is in use, ours is withdrawn.
    for (unsigned i = 0; port && i < layout::kMaxSubscribers; ++i) {
      const std::uint64_t other = i != *port ? serving(i, s) : 0;
      const bool in_use = (other & layout::kPlaced) == 0;
      if (other != 0 && (in_use || i < *port)) log::withdraw_port(*log_, *port, s.node, s.id);
    }
  }
}

/// A subscription shows the topic generation up to which it has tried to attach all matching topics. The first call
/// makes a new generation and rings the subscription's bell. Once the subscription shows that generation, it has tried
/// this topic, which was ready before. So a port that is still placed then was not adopted.
bool TopicSegment::cannot_attach(std::uint64_t subscription) noexcept {
  const registry::SubscriptionTable table(*member_.node);
  const auto tried = table.tried_generation(subscription);
  if (!tried) return true;
  try {
    const std::lock_guard lock(asked_mutex_);
    if (asked_.size() > layout::kMaxSubscribers) asked_.clear();  // most are former tenants; the others are asked again
    const auto [asked, is_new] = asked_.try_emplace(subscription);
    if (!is_new) return *tried >= asked->second;
    asked->second = member_.node->registry().header().topic_generation.fetch_add(1, std::memory_order_seq_cst) + 1;
  } catch (const std::exception&) {
    return false;  // no memory to record it: ask again later
  }
  table.ring(subscription);
  return false;
}

bool TopicSegment::stands(std::uint64_t subscription) const noexcept {
  return registry::SubscriptionTable(*member_.node).stands(subscription);
}

void TopicSegment::withdraw_orphans() {
  const registry::SubscriptionTable table(*member_.node);
  for (unsigned i = 0; i < layout::kMaxSubscribers; ++i) {
    const auto& port = header_->subscriber_ports[i];
    const std::uint64_t owner = port.owner.load(std::memory_order_acquire);
    const std::uint64_t subscription = port.subscription.load(std::memory_order_acquire);
    if ((owner & layout::kPlaced) == 0 || table.stands(subscription)) continue;
    log::withdraw_port(*log_, i, layout::owner_node(owner), subscription);
  }
}

}  // namespace shmbus::topic
