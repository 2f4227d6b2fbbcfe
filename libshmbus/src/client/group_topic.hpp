#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "client/attached_topic.hpp"
#include "client/bus_core.hpp"
#include "client/dead_letters.hpp"
#include "client/group_gate.hpp"
#include "group/group_file.hpp"
#include "group/key_chain.hpp"
#include "group/lease_limit.hpp"
#include "group/members.hpp"
#include "group/sweep.hpp"
#include "group/window.hpp"
#include "platform/once_per_second.hpp"
#include "shmbus/event.hpp"
#include "shmbus/group_options.hpp"
#include "shmbus/status.hpp"

namespace shmbus::detail {

/// One member's part in one topic of its group: it walks through the topic, leases events, and ends leases. Leases keep it,
/// so the member's entry lives until the last of them has ended (G1). Walking and leasing: one thread at a time; ending
/// leases: any thread.
class GroupTopic final {
 public:
  struct Place {
    base::GroupName name;
    std::shared_ptr<const GroupOptions> options;
    group::Settings wanted;
    std::string member;  // its name
  };
  /// Joins the group in a topic, and creates it where it does not exist. `start` is where a new group begins. *Throws*
  /// Error.
  static std::shared_ptr<GroupTopic> join(std::shared_ptr<BusCore> bus, std::shared_ptr<topic::TopicSegment> segment,
                                          const registry::StandingSubscription& subscription, const Place& place,
                                          Start start);
  GroupTopic(const GroupTopic&) = delete;
  GroupTopic& operator=(const GroupTopic&) = delete;
  ~GroupTopic();

  const std::shared_ptr<AttachedTopic>& attached() const noexcept { return attached_; }
  const group::Settings& settings() const noexcept { return file_->settings(); }
  /// Also the subscription of the group's port in a ring.
  std::uint64_t group_id() const noexcept { return file_->id(); }
  bool removed() const noexcept { return !file_->intact(); }

  /// A lease, and where its event goes.
  struct Taken {
    std::optional<RetainedEvent>& event;
    group::Held held{};
    unsigned deliveries = 0;
    std::uint64_t began_ns = 0;
  };
  /// Leases the next event. Returns false where there is none, or none may be leased now: see `blocked`.
  bool take(Taken& taken);

  /// Whether a `take` could find something beside new events.
  bool ready() noexcept;
  /// Whether new events can't be leased now: the window is full, as many leases are out as may be, or the group is
  /// cautious.
  bool blocked() const noexcept { return blocked_; }
  /// Returns the moment at which `ready` may change by time alone, CLOCK_MONOTONIC ns.
  std::uint64_t next_moment_ns() const noexcept;
  /// Shows that the member sleeps, so that it is woken; or that it does not sleep any more.
  void announce_sleep() noexcept;
  void end_sleep() noexcept;
  /// A member has died: its leases are looked for, by whoever takes next.
  void member_died() noexcept;
  group::Members& members() noexcept { return members_; }
  /// Whether members have come or gone since the last call.
  bool members_changed() noexcept {
    const std::uint64_t seen = std::exchange(seen_generation_, members_.generation());
    return seen != seen_generation_;
  }
  bool cautious() const noexcept { return guard_.cautious(); }
  std::uint64_t lost() const noexcept;

  // For the holder of a lease.
  Status acknowledge(const group::Held& held) noexcept;
  Status give_back(const group::Held& held, std::optional<std::uint64_t> delay_ns) noexcept;
  Status reject(const group::Held& held, const Event& event, unsigned deliveries, std::string_view reason) noexcept;
  Status extend(const group::Held& held, std::uint64_t began_ns, std::uint64_t time_ns) noexcept;
  bool forked() const noexcept { return attached_->forked(); }

 private:
  GroupTopic(std::shared_ptr<BusCore> bus, std::shared_ptr<topic::TopicSegment> segment,
             const registry::StandingSubscription& subscription, const Place& place,
             std::unique_ptr<group::GroupFile> file, std::shared_ptr<AttachedTopic> attached);

  enum class Walk { leased, moved, blocked, end };
  /// A subscriber in the ring, reliable until the group's own port holds publishers back.
  static std::shared_ptr<AttachedTopic> attach(const std::shared_ptr<topic::TopicSegment>& segment,
                                               const registry::StandingSubscription& subscription, Start start,
                                               bool reliable);
  void enter();
  /// Counts of the member; several of its threads may end leases.
  static void count(std::atomic<std::uint64_t>& own, std::uint64_t more = 1) noexcept {
    own.fetch_add(more, std::memory_order_seq_cst);
  }
  void sweep(std::uint64_t now_ns) noexcept;
  bool take_waiting(std::uint64_t sequence, std::uint64_t now_ns, Taken& taken);
  Walk walk(std::uint64_t now_ns, Taken& taken);
  Walk pass_numbers(std::uint64_t end) noexcept;
  Walk lease_pending(std::uint64_t now_ns, Taken& taken);
  Walk full() noexcept;
  bool poll_next() noexcept;
  Event pending_event() const noexcept;
  std::string_view key_of(const Event& event, std::string& buffer) noexcept;
  void report_key(const Event& event, const char* what) noexcept;
  bool hand_out(const group::Held& held, std::uint64_t now_ns, unsigned last_holder, Taken& taken);
  void keep(const Event& event) noexcept;
  std::optional<RetainedEvent> take_kept(std::uint64_t sequence);
  std::optional<RetainedEvent> fetch(const group::Held& held);
  bool may_lease_one(std::uint64_t now_ns) noexcept;
  void walked_to(std::uint64_t sequence) noexcept;
  void back_to_queue(const group::Held& held, std::uint64_t delay_ns) noexcept;
  void after_settled(std::uint64_t sequence) noexcept;
  std::string holder_text(unsigned member) const;
  std::uint64_t lease_end(std::uint64_t now_ns) const noexcept;
  layout::GroupMember& mine() const noexcept { return file_->shared().members[member_]; }

  std::shared_ptr<BusCore> bus_;
  std::shared_ptr<topic::TopicSegment> segment_;
  registry::StandingSubscription subscription_;
  base::GroupName name_;
  std::shared_ptr<const GroupOptions> options_;
  std::string member_name_;
  std::unique_ptr<group::GroupFile> file_;
  std::shared_ptr<AttachedTopic> attached_;
  group::Window window_;
  group::Members members_;
  group::FloodGuard guard_;
  group::BackOff back_off_;
  group::LeaseLimit limit_;
  group::Sweep sweep_;
  std::unique_ptr<group::KeyChain> chain_;  // null: no order
  GroupGate gate_;
  DeadLetters dead_letters_;
  unsigned member_ = 0;
  bool entered_ = false;

  std::uint64_t walk_ = 0;                // all numbers below were walked over
  std::optional<EventRecord> pending_{};  // polled, and not walked over yet; in the reader's block until the next poll
  std::map<std::uint64_t, RetainedEvent> kept_{};  // events that wait for an earlier one of their key; some of them
  platform::OncePerSecond key_reports_{};
  std::uint64_t seen_lost_ = 0;        // the reader's
  std::uint64_t to_count_lost_ = 0;    // numbers passed over that the reader lost
  std::uint64_t seen_generation_ = 0;  // of the members
  bool blocked_ = false;
};

}  // namespace shmbus::detail
