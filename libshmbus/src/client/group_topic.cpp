#include "client/group_topic.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "log/ports.hpp"
#include "platform/clock.hpp"
#include "platform/process.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using group::Held;
using group::Window;
using layout::SlotState;
using layout::WhenWord;

namespace {

/// A subscriber in the ring, reliable until the group's own port holds publishers back.
std::shared_ptr<AttachedTopic> attach(const std::shared_ptr<topic::TopicSegment>& segment,
                                      const registry::StandingSubscription& subscription, Start start, bool reliable) {
  registry::StandingSubscription place = subscription;
  place.reliable = reliable;
  return AttachedTopic::attach(segment, place, start, See::published, true);
}

/// Counts of the member; several of its threads may end leases.
void count(std::atomic<std::uint64_t>& own, std::uint64_t more = 1) noexcept {
  own.fetch_add(more, std::memory_order_seq_cst);
}

Error full_error(const std::string& object) {
  return {ErrorCode::limit,
          {object, "at most " + std::to_string(layout::kMaxMembers) + " members", "all entries in use",
           "take from one Group on several threads"}};
}

}  // namespace

std::shared_ptr<GroupTopic> GroupTopic::join(std::shared_ptr<BusCore> bus, std::shared_ptr<topic::TopicSegment> segment,
                                             const registry::StandingSubscription& subscription, const Place& place,
                                             Start start) {
  const bool holds = segment->journal() == nullptr;
  auto file = group::GroupFile::open(*segment, place.name);
  std::shared_ptr<AttachedTopic> attached;
  if (!file) {
    attached = attach(segment, subscription, start, holds);
    file = group::GroupFile::create(*segment, place.name, place.wanted, attached->begin_sequence());
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

std::uint64_t GroupTopic::lease_end(std::uint64_t now_ns) const noexcept {
  return WhenWord::moment_after(now_ns + settings().lease_ns);
}

bool GroupTopic::take(Taken& taken) {
  blocked_ = false;
  for (;;) {
    const std::uint64_t now = platform::monotonic_ns();
    // By key, a member sweeps when it has walked over all that any has.
    const bool due = window_.due().moment() <= WhenWord::moment_of(now);
    const bool behind = due && chain_ && walk_ < members_.walked();
    if (due && !behind && sweep_.take(now)) sweep(now);
    if (const auto sequence = window_.take_ready(chain_ ? walk_ : ~std::uint64_t{0})) {
      if (!may_lease_one(now)) {
        window_.set_ready(*sequence);
        blocked_ = true;
        return false;
      }
      if (take_waiting(*sequence, now, taken)) return true;
      continue;
    }
    switch (walk(now, taken)) {
      case Walk::leased:
        return true;
      case Walk::moved:
        continue;
      case Walk::blocked:
        blocked_ = true;
        return false;
      case Walk::end:
        gate_.move(window_.floor());
        // What the others have walked over can't be read here, so the sweep is not left to them.
        if (behind && sweep_.take(now)) sweep(now);
        return false;
    }
  }
}

void GroupTopic::sweep(std::uint64_t now_ns) noexcept {
  gate_.keep();  // its owner may have ended
  sweep_.run(now_ns, chain_.get());
  if (!window_.ready().empty()) members_.wake();  // for those that are more than this member takes
}

/// Whether the group's guard and its limit allow one more lease now. The lease then counts against the limit.
bool GroupTopic::may_lease_one(std::uint64_t now_ns) noexcept {
  if (!limit_.take()) {
    if (!limit_.reached()) members_.wake();  // one that was refused because of this try looks again
    return false;
  }
  if (!guard_.cautious() || guard_.allow(now_ns)) return true;
  limit_.give();
  return false;
}

/// A ready bit may have been set late, for an event that its slot held before: so the order is asked again (K1). Whoever
/// settles the earlier event sets the bit after that.
bool GroupTopic::take_waiting(std::uint64_t sequence, std::uint64_t now_ns, Taken& taken) {
  if (chain_ && !chain_->may_lease(sequence, window_)) {
    limit_.give();
    return false;
  }
  const unsigned last_holder = window_.word(sequence).member();
  const auto held = window_.lease_waiting(sequence, member_, now_ns, lease_end(now_ns));
  if (!held) {
    limit_.give();
    // The bit may have meant a later event in this slot, or one that may not be leased yet.
    const layout::SlotWord word = window_.word(sequence);
    const WhenWord when = window_.when(sequence);
    if (word.state() != SlotState::waiting) return false;
    if (word.leases() == 0 || (when.of(word) && when.moment() <= WhenWord::moment_of(now_ns))) {
      if (!chain_) window_.set_ready(sequence);
      window_.due().lower(WhenWord::moment_of(now_ns) + 1);
    } else {
      window_.due().lower(when.of(word) ? when.moment() : WhenWord::moment_after(now_ns + sweep_.period_ns()));
    }
    return false;
  }
  count(mine().leases);
  taken.event = take_kept(sequence);
  if (!taken.event) taken.event = fetch(*held);
  return taken.event && hand_out(*held, now_ns, last_holder, taken);
}

/// Keeps an event that waits for an earlier one of its key, so that it need not be read again. Some: each may hold a block.
void GroupTopic::keep(const Event& event) noexcept {
  constexpr std::size_t kMost = 1024, kMostBytes = 4096;
  if (!kept_.empty()) kept_.erase(kept_.begin(), kept_.lower_bound(window_.floor()));
  try {
    if (kept_.size() < kMost && event.payload().size() <= kMostBytes) kept_.emplace(event.sequence(), event.retain());
  } catch (const std::bad_alloc&) {  // it is read again
  }
}

std::optional<RetainedEvent> GroupTopic::take_kept(std::uint64_t sequence) {
  const auto found = kept_.find(sequence);
  if (found == kept_.end()) return std::nullopt;
  std::optional<RetainedEvent> event(std::move(found->second));
  kept_.erase(found);
  return event;
}

/// Gives a leased event to the caller; or publishes it as a dead letter, where it was leased often enough.
bool GroupTopic::hand_out(const Held& held, std::uint64_t now_ns, unsigned last_holder, Taken& taken) {
  const auto leases = static_cast<unsigned>(held.word.leases());
  if (leases > 1) count(mine().redelivered);
  const unsigned most = settings().max_deliveries;
  if (most == 0 || leases <= most) {
    taken.held = held;
    taken.deliveries = leases;
    taken.began_ns = now_ns;
    return true;
  }
  const std::string reason = "leased " + std::to_string(most) + " times, and not settled";
  if (dead_letters_.publish(**taken.event, most, reason, holder_text(last_holder)) == Status::ok) {
    SHMBUS_CRASH_POINT("group.dead_letter");
    count(mine().dead_letters);
    count(mine().rejected);
    if (window_.settle(held)) after_settled(held.sequence);
  } else {
    count(mine().unpublished);
    count(mine().given_back);
    constexpr std::uint64_t kPause = 1'000'000'000;
    back_to_queue(held, std::max(back_off_.after(leases), kPause));
  }
  taken.event.reset();
  return false;
}

std::string GroupTopic::holder_text(unsigned member) const {
  const layout::GroupMember& m = file_->shared().members[member & 63];
  return m.name.load();
}

/// Reads an event again, by a reader of its own, and copies it. One that is in neither ring nor journal is lost to the group.
std::optional<RetainedEvent> GroupTopic::fetch(const Held& held) {
  const std::uint64_t sequence = held.sequence;
  std::optional<RetainedEvent> event;
  bool read = false;
  try {
    const auto again = attach(segment_, subscription_, Start::sequence(sequence), false);
    for (int i = 0; i < 2 && !read && again->status() == Status::ok; ++i) {  // the first may only change the source
      again->path().poll(
          [&](const EventRecord& record) {
            read = true;
            if (record.sequence != sequence) return;
            Event found(&attached_->source, again.get(), record);
            found.record_.stamp = static_cast<std::uint64_t>(found.time().time_since_epoch().count());
            found.retained_ = true;
            event.emplace(RetainedEvent(attached_, found, -1));
          },
          1);
    }
    if (!read && again->next_sequence() <= sequence) {  // it can't be read now
      count(mine().given_back);
      back_to_queue(held, sweep_.period_ns());
      return std::nullopt;
    }
  } catch (const std::exception&) {  // no port, no memory, no journal to read
    count(mine().given_back);
    back_to_queue(held, sweep_.period_ns());
    return std::nullopt;
  }
  if (!event) {
    count(mine().lost);
    count(mine().rejected);
    if (window_.settle(held)) after_settled(sequence);
  }
  return event;
}

bool GroupTopic::poll_next() noexcept {
  pending_.reset();
  attached_->path().poll([&](const EventRecord& record) { pending_ = record; }, 1);
  const std::uint64_t lost = attached_->lost();
  to_count_lost_ += lost - std::min(lost, seen_lost_);
  seen_lost_ = lost;
  return pending_.has_value();
}

Event GroupTopic::pending_event() const noexcept { return Event(&attached_->source, attached_.get(), *pending_); }

/// One step of the walk: to the next event, over the numbers before it, and over it.
GroupTopic::Walk GroupTopic::walk(std::uint64_t now_ns, Taken& taken) {
  if (!pending_ && !poll_next())
    return pass_numbers(attached_->next_sequence()) == Walk::blocked ? Walk::blocked : Walk::end;
  const Walk passed = pass_numbers(pending_->sequence);
  if (passed == Walk::blocked) return full();
  return lease_pending(now_ns, taken);
}

/// Settles the numbers from here up to `end`, which no event has, or whose events are lost.
GroupTopic::Walk GroupTopic::pass_numbers(std::uint64_t end) noexcept {
  while (walk_ < end) {
    const std::uint64_t floor = window_.floor();
    if (walk_ < floor) {
      walk_ = std::min(floor, end);
      continue;
    }
    if (end - walk_ > window_.size() && !window_.walked_over(walk_)) {
      if (!window_.cross(walk_, end)) return Walk::blocked;
      const std::uint64_t lost = std::min(to_count_lost_, end - walk_);
      to_count_lost_ -= lost;
      if (lost != 0) count(mine().lost, lost);
      walked_to(end);
      continue;
    }
    const Window::Step step = window_.skip_next(walk_);
    if (step == Window::Step::full) return Walk::blocked;
    if (step == Window::Step::done && to_count_lost_ != 0) {
      --to_count_lost_;
      count(mine().lost);
    }
    walked_to(walk_ + 1);
  }
  to_count_lost_ = 0;  // the others were settled before
  return Walk::moved;
}

/// The window has room. With order by key, a member that settles an event reads `walked` (K2); else only sweeps and monitors
/// do.
void GroupTopic::walked_to(std::uint64_t sequence) noexcept {
  walk_ = sequence;
  mine().walked.store(sequence, chain_ ? std::memory_order_seq_cst : std::memory_order_release);
  if (auto& since = window_.shared().full_since; since.load(std::memory_order_relaxed) != 0)
    since.store(0, std::memory_order_seq_cst);
}

/// The window is full. A back-off at its floor ends at once.
GroupTopic::Walk GroupTopic::full() noexcept {
  auto& since = window_.shared().full_since;
  if (since.load(std::memory_order_relaxed) == 0) since.store(platform::monotonic_ns(), std::memory_order_seq_cst);
  const std::uint64_t floor = window_.floor();
  if (window_.word(floor).state() == SlotState::waiting && window_.word(floor).round() == window_.round(floor))
    window_.set_ready(floor);
  return Walk::blocked;
}

/// The key function is the program's. Where it throws, the event has the key that its publisher gave.
std::string_view GroupTopic::key_of(const Event& event, std::string& buffer) noexcept {
  if (!options_->key) return event.key();
  try {
    buffer = options_->key(event);
    return buffer;
  } catch (const std::exception& error) {
    report_key(event, error.what());
  } catch (...) {
    report_key(event, "an object that is not a std::exception");
  }
  return event.key();
}

void GroupTopic::report_key(const Event& event, const char* what) noexcept {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  const std::uint64_t now = platform::monotonic_ns();
  if (reported_key_ns_ != 0 && now - reported_key_ns_ < kSecond) return;
  reported_key_ns_ = now;
  std::fprintf(
      stderr,
      "shmbus: %s: GroupOptions::key threw at sequence %llu: %s; the event has the order of its publisher's key\n",
      file_->object().c_str(), static_cast<unsigned long long>(event.sequence()), what);
}

GroupTopic::Walk GroupTopic::lease_pending(std::uint64_t now_ns, Taken& taken) {
  const std::uint64_t sequence = pending_->sequence;
  if (sequence < window_.floor()) {
    pending_.reset();
    walked_to(sequence + 1);
    return Walk::moved;
  }
  std::optional<Held> held;
  if (chain_) {
    const Window::Step step = window_.show_next(sequence);
    if (step == Window::Step::full) return full();
    std::string buffer;
    chain_->add(sequence, key_of(pending_event(), buffer), window_.floor());
    walked_to(sequence + 1);
    if (chain_->may_lease(sequence, window_) && !window_.settled(sequence)) {
      if (may_lease_one(now_ns)) {
        held = window_.lease_waiting(sequence, member_, now_ns, lease_end(now_ns));
        if (!held) limit_.give();
      } else {
        window_.set_ready(sequence);
      }
    }
  } else {
    if (window_.walked_over(sequence)) {
      pending_.reset();
      walked_to(sequence + 1);
      return Walk::moved;
    }
    if (!may_lease_one(now_ns)) return Walk::blocked;
    Held mine;
    const Window::Step step = window_.lease_next(sequence, member_, now_ns, lease_end(now_ns), mine);
    if (step != Window::Step::done) limit_.give();
    if (step == Window::Step::full) return full();
    walked_to(sequence + 1);
    if (step == Window::Step::done) held = mine;
  }
  if (!held) {
    if (chain_ && window_.word(sequence).state() == SlotState::waiting) keep(pending_event());
    pending_.reset();
    return Walk::moved;
  }
  count(mine().leases);
  if (window_.due().moment() == group::Due::kNever)
    window_.due().lower(WhenWord::moment_after(now_ns + sweep_.period_ns()));
  const Event event = pending_event();
  pending_.reset();
  try {
    taken.event.emplace(event.retain());
  } catch (...) {
    count(mine().given_back);
    back_to_queue(*held, sweep_.period_ns());
    throw;
  }
  return hand_out(*held, now_ns, member_, taken) ? Walk::leased : Walk::moved;
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

/// Whoever waits for what this settling allows is woken: for room in the window, a lease less, the next event of the key.
void GroupTopic::after_settled(std::uint64_t sequence) noexcept {
  gate_.move(window_.floor());
  bool wake = settings().in_flight != 0 || window_.shared().full_since.load(std::memory_order_seq_cst) != 0;
  if (chain_) {
    if (const std::uint64_t next = chain_->next(sequence); next != 0) {
      const layout::SlotWord word = window_.word(next);
      if (word.state() == SlotState::waiting && word.round() == window_.round(next)) {
        window_.set_ready(next);
        wake = true;
      }
    } else if (members_.walked() > mine().walked.load(std::memory_order_seq_cst)) {
      window_.due().lower(0);
      wake = true;
    }
  }
  limit_.give();
  if (wake) members_.wake();
}

Status GroupTopic::acknowledge(const Held& held) noexcept {
  if (forked()) return Status::closed;
  if (!window_.settle(held)) {
    count(mine().expired);
    return Status::expired;
  }
  count(mine().acknowledged);
  const bool was_cautious = guard_.cautious();
  guard_.succeeded();
  after_settled(held.sequence);
  if (was_cautious) members_.wake();
  return Status::ok;
}

void GroupTopic::back_to_queue(const Held& held, std::uint64_t delay_ns) noexcept {
  const std::uint64_t now = platform::monotonic_ns();
  const std::uint64_t until = WhenWord::moment_in(now, delay_ns);
  if (!window_.give_back(held, until)) return;
  limit_.give();
  if (until <= WhenWord::moment_of(now))
    window_.set_ready(held.sequence);
  else
    window_.due().lower(until);
  members_.wake();
}

Status GroupTopic::give_back(const Held& held, std::optional<std::uint64_t> delay_ns) noexcept {
  if (forked()) return Status::closed;
  const std::uint64_t chosen = std::min(delay_ns.value_or(0), group::BackOff::kMost);
  const std::uint64_t least = back_off_.after(held.word.leases());
  if (window_.word(held.sequence) != held.word) {
    count(mine().expired);
    return Status::expired;
  }
  count(mine().given_back);
  guard_.failed(platform::monotonic_ns());
  back_to_queue(held, delay_ns ? back_off_.at_least(held.word.leases(), chosen) : least);
  return Status::ok;
}

Status GroupTopic::reject(const Held& held, const Event& event, unsigned deliveries, std::string_view reason) noexcept {
  if (forked()) return Status::closed;
  if (window_.word(held.sequence) != held.word) {
    count(mine().expired);
    return Status::expired;
  }
  const Status published = dead_letters_.publish(event, deliveries, reason, member_name_);
  if (published != Status::ok) {
    count(mine().unpublished);
    const Status back = give_back(held, std::nullopt);
    return back == Status::ok ? published : back;
  }
  SHMBUS_CRASH_POINT("group.rejected");
  count(mine().dead_letters);
  if (!window_.settle(held)) {
    count(mine().expired);
    return Status::expired;
  }
  count(mine().rejected);
  after_settled(held.sequence);
  return Status::ok;
}

Status GroupTopic::extend(const Held& held, std::uint64_t began_ns, std::uint64_t time_ns) noexcept {
  if (forked()) return Status::closed;
  const std::uint64_t now = platform::monotonic_ns();
  const std::uint64_t latest = began_ns + settings().lease_most_ns;
  if (now >= latest) return Status::expired;
  const std::uint64_t end = std::min(latest, now + std::min(time_ns, settings().lease_most_ns));
  if (!window_.extend(held, now, WhenWord::moment_after(end))) return Status::expired;
  return Status::ok;
}

}  // namespace shmbus::detail
