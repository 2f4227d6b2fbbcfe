// Ports for those who subscribed before there was a topic.

#include <grp.h>
#include <pwd.h>

#include <algorithm>

#include "log/ports.hpp"
#include "registry/subscription_table.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::topic {

namespace {

/// Whether a user may open a segment: a port placed for who may not would hold publishers back for nobody.
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
  if (!file) return;  // removed meanwhile
  // The owner word of a port that serves a subscription, else 0. Loaded once for all that is asked about it: two may
  // take back their own ports at one time, and the word changes under us. A port that is being filled or cleared, or
  // that pins nothing yet, holds no publisher back: who took it for the subscriber's would go on to publish.
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
    constexpr std::uint64_t kFirstBlock = 1, kFirstSequence = 1;
    const auto port = log::attach_subscriber(*log_, {s.node, s.bell, s.id, s.reliable, s.demote_after, s.name, true},
                                             kFirstBlock, kFirstSequence);
    // Somebody else, or the subscriber itself, may have taken a port for it meanwhile. Each looks after it has shown
    // its own: so one of two sees the other. The lower of two placed ones stays; against one that is in use ours goes.
    for (unsigned i = 0; port && i < layout::kMaxSubscribers; ++i) {
      const std::uint64_t other = i != *port ? serving(i, s) : 0;
      const bool in_use = (other & layout::kPlaced) == 0;
      if (other != 0 && (in_use || i < *port)) log::withdraw_port(*log_, *port, s.node, s.id);
    }
  }
}

/// A subscription shows up to which topic generation it has tried to attach all that matches. The first question makes
/// a new generation and rings its bell. When it shows that generation, it has tried this topic, which was ready before;
/// a port that is still placed then was not adopted.
bool TopicSegment::cannot_attach(std::uint64_t subscription) noexcept {
  const registry::SubscriptionTable table(*member_.node);
  const auto tried = table.tried_generation(subscription);
  if (!tried) return true;
  try {
    const std::lock_guard lock(asked_mutex_);
    if (asked_.size() > layout::kMaxSubscribers) asked_.clear();  // of former tenants: they are asked anew
    const auto [asked, is_new] = asked_.try_emplace(subscription);
    if (!is_new) return *tried >= asked->second;
    asked->second = member_.node->registry().header().topic_generation.fetch_add(1, std::memory_order_seq_cst) + 1;
  } catch (const std::exception&) {
    return false;  // no memory to remember it: ask again later
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
