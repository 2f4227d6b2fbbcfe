#include "client/group_topic.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "log/ports.hpp"
#include "platform/clock.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using layout::WhenWord;

namespace {

Error full_error(const std::string& object) {
  return {ErrorCode::limit,
          {object, "at most " + std::to_string(layout::kMaxMembers) + " members", "all entries in use",
           "take from one Group on several threads"}};
}

}  // namespace

std::shared_ptr<AttachedTopic> GroupTopic::attach(const std::shared_ptr<topic::TopicSegment>& segment,
                                                  const registry::StandingSubscription& subscription, Start start,
                                                  bool reliable) {
  registry::StandingSubscription place = subscription;
  place.reliable = reliable;
  return AttachedTopic::attach(segment, place, start, See::published, true);
}

std::shared_ptr<GroupTopic> GroupTopic::join(std::shared_ptr<BusCore> bus, std::shared_ptr<topic::TopicSegment> segment,
                                             const registry::StandingSubscription& subscription, const Place& place,
                                             Start start) {
  const bool holds = segment->journal() == nullptr;
  auto file = group::GroupFile::open(*segment, place.name);
  std::shared_ptr<AttachedTopic> attached;
  if (!file) {
    attached = attach(segment, subscription, start, holds);
    file = group::GroupFile::create(*segment, place.name, place.wanted, attached->begin_sequence());
    // A removal marks the topic, and then unlinks the files that it finds: one that was made behind it would stay.
    if (file && holds && segment->removed()) group::GroupFile::unlink(*segment, place.name);
    if (!file) {  // another process was faster
      attached.reset();
      file = group::GroupFile::open(*segment, place.name);
    }
    if (!file) {
      throw Error(ErrorCode::busy, {place.name.object() + " of " + segment->name().object(), "to stay once it was made",
                                    "another process makes and removes it", "end that process, or try again"});
    }
  }
  if (!attached) {
    attached =
        attach(segment, subscription, Start::sequence(file->shared().floor.load(std::memory_order_seq_cst)), holds);
  }
  std::shared_ptr<GroupTopic> topic(
      new GroupTopic(std::move(bus), segment, subscription, place, std::move(file), std::move(attached)));
  topic->enter();
  return topic;
}

GroupTopic::GroupTopic(std::shared_ptr<BusCore> bus, std::shared_ptr<topic::TopicSegment> segment,
                       const registry::StandingSubscription& subscription, const Place& place,
                       std::unique_ptr<group::GroupFile> file, std::shared_ptr<AttachedTopic> attached)
    : bus_(std::move(bus)),
      segment_(std::move(segment)),
      subscription_(subscription),
      name_(place.name),
      options_(place.options),
      member_name_(place.member),
      file_(std::move(file)),
      attached_(std::move(attached)),
      window_(file_->shared(), file_->settings().window),
      members_(file_->shared(), segment_->node()),
      guard_(file_->shared()),
      back_off_(file_->settings().back_off_ns),
      limit_(file_->shared(), file_->settings().in_flight),
      sweep_(window_, members_, guard_, limit_, back_off_, file_->settings().lease_ns),
      chain_(file_->settings().order == layout::GroupOrder::by_key
                 ? std::make_unique<group::KeyChain>(file_->settings().window)
                 : nullptr),
      gate_(*segment_, file_->id(), name_.text(), subscription_.bell, file_->settings().abandon_after_ns),
      dead_letters_(bus_, base::TopicName(file_->settings().dead_letters), name_.text(), segment_->info()) {
  subscription_.reliable = false;
}

/// The member's own reader holds the ring until the group's port does. Then it becomes lossy: a stopped member must hold
/// nobody back.
void GroupTopic::enter() {
  const std::uint64_t floor = window_.floor();
  if (!gate_.hold(attached_->reader.block(), floor)) {
    throw Error(ErrorCode::limit,
                {segment_->name().object() + ", for " + name_.object(),
                 "at most " + std::to_string(layout::kMaxSubscribers) + " subscribers, one of them the group itself",
                 "all ports in use", "share a Group within a process"});
  }
  log::make_lossy(segment_->log(), attached_->reader.port());
  walk_ = std::min(attached_->begin_sequence(), floor);
  if (walk_ == 0) walk_ = floor;
  auto member = members_.join(subscription_.bell, subscription_.id, floor, member_name_);
  if (!member) {
    sweep_.run(platform::monotonic_ns(), chain_.get());  // frees the entries of the dead
    member = members_.join(subscription_.bell, subscription_.id, floor, member_name_);
  }
  if (!member) throw full_error(file_->object());
  member_ = *member;
  entered_ = true;
  window_.due().lower(0);  // what the dead held, and what members left unready, is looked for at the first take
  SHMBUS_CRASH_POINT("group.entered");
}

GroupTopic::~GroupTopic() {
  if (attached_->forked() || !segment_->node().registry().intact()) return;
  if (entered_) {
    std::uint64_t next = 0;
    for (unsigned i = 0; i < layout::kMaxMembers && next == 0; ++i) {
      if (i != member_ && members_.alive(members_.owner(i))) next = members_.owner(i);
    }
    gate_.leave(next);
    members_.free(member_, segment_->node().id());
    members_.wake();
  }
}

std::uint64_t GroupTopic::lost() const noexcept {
  std::uint64_t sum = window_.shared().past[8].load(std::memory_order_relaxed);
  for (const layout::GroupMember& m : window_.shared().members) sum += m.lost.load(std::memory_order_relaxed);
  return sum;
}

bool GroupTopic::ready() noexcept {
  const std::uint64_t now = platform::monotonic_ns();
  if (window_.due().moment() <= WhenWord::moment_of(now)) return true;
  const std::uint64_t until = guard_.until();
  if ((until != 0 && now < until) || limit_.reached()) return false;
  if (window_.ready().look_through()) return true;
  return blocked_ && pending_ && pending_->sequence - window_.floor() < window_.size();
}

std::uint64_t GroupTopic::next_moment_ns() const noexcept {
  const std::uint64_t due = window_.due_moment();
  const std::uint64_t swept = due == group::Due::kNever ? ~std::uint64_t{0} : WhenWord::ns(due + 1);
  const std::uint64_t until = guard_.until();
  return until <= platform::monotonic_ns() ? swept : std::min(swept, until);
}

void GroupTopic::announce_sleep() noexcept {
  window_.shared().sleepers.fetch_or(std::uint64_t{1} << member_, std::memory_order_seq_cst);
  SHMBUS_CRASH_POINT("group.sleeps");
}

void GroupTopic::end_sleep() noexcept {
  window_.shared().sleepers.fetch_and(~(std::uint64_t{1} << member_), std::memory_order_seq_cst);
}

void GroupTopic::member_died() noexcept {
  gate_.keep();
  window_.due().lower(0);
  members_.wake();
}

}  // namespace shmbus::detail
