#include "client/bus_core.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "client/bus_removal.hpp"
#include "client/open_registry.hpp"
#include "durable/durable_files.hpp"
#include "group/group_files.hpp"
#include "log/repair.hpp"
#include "platform/membarrier.hpp"
#include "platform/random.hpp"
#include "platform/signal_wait.hpp"
#include "recording/journal_home.hpp"
#include "registry/bus_name_lock.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"
#include "topic/option_differences.hpp"
#include "topic/topic_removal.hpp"
#include "trace/recorder_file.hpp"

namespace shmbus::detail {

using platform::Access;
using topic::TopicSegment;

namespace {

registry::Membership join(const base::BusName& name, const BusOptions& options) {
  platform::register_for_membarrier();  // where it is refused, publishers notice when they attach
  return registry::Membership::of(open_registry(name, options));
}

Error journal_busy(const base::TopicName& name) {
  return {ErrorCode::busy,
          {"journal of " + name.object(), "to be free, to create the topic",
           "another process has it locked: one that still uses a bus that was removed",
           "end that process, or choose other BusOptions::journals"}};
}

}  // namespace

BusCore::BusCore(const base::BusName& name, const BusOptions& options)
    : member_(join(name, options)),
      topics_(*member_.node),
      subscriptions_(*member_.node),
      causes_(options.causes),
      record_(options.record),
      recording_(options.record == Record::all ? [this](recording::RecordingService&) { offer_all(); }
                                               : std::function<void(recording::RecordingService&)>{},
                 options.low_space) {
  finish_topics();
  if (registry().header().revived.load(std::memory_order_acquire) == 0) revive();
  listen();
  if (record_ == Record::all) recording_.start();
}

BusCore::~BusCore() { stop_listening(); }

/// Brings back the topics whose journals were left in use, before anybody uses the bus: each process that opens it does
/// this until one has done it all. What one leaves half-way the next one finds, and goes on.
/// A user who may not look into the folder leaves that to those who may.
void BusCore::revive() {
  std::vector<base::TopicName> topics;
  try {
    topics = recording::JournalHome(registry()).topics();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::permission) return;
    throw;
  }
  for (const base::TopicName& name : topics) {
    const auto left = recording::left_topic(registry(), name);
    if (!left) continue;
    SHMBUS_CRASH_POINT("revive.found");
    const std::lock_guard lock(mutex_);
    open_or_create_locked(name, left->options, left->type ? &*left->type : nullptr, left->id);
    SHMBUS_CRASH_POINT("revive.back");
  }
  registry().header().revived.store(1, std::memory_order_release);
}

/// For a process that records all topics: those of others, too.
void BusCore::offer_all() {
  if (!open()) return;
  for (const auto& topic : topics_.ready()) {
    try {
      const auto segment = find(*topic.name, Access::read_only);
      if (segment && segment->journal() != nullptr) recording_.offer(segment, nullptr);
    } catch (const Error&) {
      // Damaged, or without the right to open it: go on with the others.
    }
  }
}

void BusCore::check_open() const {
  if (open()) return;
  const std::string object = registry().bus().object();
  if (node().forked()) {
    throw Error(ErrorCode::closed,
                {object, "to be used by the process that opened it", "a forked child", "open the bus in the child"});
  }
  if (!registry().intact()) {
    throw Error(ErrorCode::corrupt, {object, std::to_string(registry().recorded().size) + " bytes of registry",
                                     "another size", "somebody cut it short: remove the bus"});
  }
  if (registry().removed()) throw registry().removed_error();
  // A child that the system call made, without fork().
  throw Error(ErrorCode::closed, {object, "to be used by the process that opened it",
                                  "a process without the mapping of its lock", "open the bus in the child"});
}

std::shared_ptr<TopicSegment> BusCore::Segments::find(const base::TopicName& name) {
  const auto found = segments_.find(name);
  return found == segments_.end() ? nullptr : found->second.lock();
}

/// Unused names are dropped whenever the number of names has doubled, so an addition costs a few steps on average.
void BusCore::Segments::add(const base::TopicName& name, const std::shared_ptr<TopicSegment>& segment) {
  if (segments_.size() >= look_at_) {
    std::erase_if(segments_, [](const auto& open) { return open.second.expired(); });
    look_at_ = std::max<std::size_t>(16, 2 * segments_.size());
  }
  segments_[name] = segment;
}

std::shared_ptr<TopicSegment> BusCore::find_locked(const base::TopicName& name, Access access) {
  Segments& segments = access == Access::read_write ? writable_ : readable_;
  if (auto segment = segments.find(name)) {
    if (segment->has_expected_sizes() && !segment->removed())
      return segment;  // a segment that was cut short is refused again
  }
  auto segment = TopicSegment::find(member_, name, access);
  if (segment) segments.add(name, segment);
  return segment;
}

std::shared_ptr<TopicSegment> BusCore::find(const base::TopicName& name, Access access) {
  const std::lock_guard lock(mutex_);
  return find_locked(name, access);
}

BusCore::OpenedTopic BusCore::open_or_create(const base::TopicName& name, const TopicOptions& options,
                                             const TypeInfo* type) {
  check_open();
  const std::lock_guard lock(mutex_);
  OpenedTopic opened = open_or_create_locked(name, options, type, std::nullopt);
  if (opened.segment->journal() != nullptr && record_ != Record::none) recording_.offer(opened.segment, nullptr);
  return opened;
}

BusCore::OpenedTopic BusCore::open_or_create_locked(const base::TopicName& name, const TopicOptions& options,
                                                    const TypeInfo* type, std::optional<std::uint64_t> id) {
  const auto give_up = std::chrono::steady_clock::now() +
                       std::max<std::chrono::nanoseconds>(
                           std::chrono::nanoseconds(registry().recorded().stall_limit_ns), std::chrono::seconds{5});
  constexpr int kTries = 100;  // each needs another process to create and remove the topic in the meantime
  for (int i = 0; i < kTries; ++i) {
    if (auto segment = find_locked(name, Access::read_write)) {
      // Its creator may have stopped or died before the topic was ready: the next publisher then does the rest.
      auto topic = topics_.find(name, segment->id());
      if (!topic || topic->phase() != layout::TopicPhase::notified) {
        finish(*segment, topic ? *topic : topics_.announce(name, segment->id()));
      }
      TopicInfo info = segment->info();
      info.different = topic::option_differences(name, options, info, segment->group());
      topic::check_strict(name, options, info);
      if (type != nullptr) {
        segment->adopt_type(*type);
        segment->describe_type(info);
      }
      return {std::move(segment), std::move(info)};
    }
    const std::uint64_t topic_id = id.value_or(platform::random_u64());
    std::optional<recording::NewJournal> journal;
    if (options.journal.kind() != Journal::Kind::none) {
      topic::check_options(name, options, type);
      journal = recording::NewJournal::prepare(registry(), name, topic_id, options, type);
      if (!journal) {  // another process creates the topic, or one that left the bus still records it
        if (std::chrono::steady_clock::now() > give_up) throw journal_busy(name);
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
        --i;
        continue;
      }
      if (find_locked(name, Access::read_write)) continue;
    }
    auto topic = topics_.announce(name, topic_id);
    std::shared_ptr<TopicSegment> segment;
    try {
      segment = TopicSegment::create(member_, name, topic.id, options, type, journal ? &journal->numbers : nullptr);
    } catch (...) {
      topics_.discard(topic);
      throw;
    }
    if (!segment) {
      topics_.discard(topic);
      continue;
    }
    finish(*segment, topic);
    if (registry().removed()) {
      withdraw_topic(registry().bus(), name, segment->control_name(), segment->log_name().name());
      check_open();
    }
    writable_.add(name, segment);
    if (journal && record_ != Record::none) recording_.offer(segment, &*journal);
    TopicInfo info = segment->info();
    return {std::move(segment), std::move(info)};
  }
  throw Error(ErrorCode::busy,
              {name.object(), "to exist", "other processes create and remove it all the time", "try again"});
}

void BusCore::check_type(const base::Pattern& pattern, const TypeInfo& type) {
  check_open();
  const auto topic = pattern.topic();
  if (!topic) return;
  if (const auto segment = find(*topic, Access::read_only)) segment->check_type(type);
}

/// Turns linked segments into a topic that subscribers know. Any process may repeat every step: mark the topic ready;
/// place ports for the listed subscriptions; withdraw the ports of those that left the list in the meantime; notify the
/// subscribers; and take the topic off the list again if it was removed before it was listed. Ready comes first: a
/// subscriber that was listed too late to be seen here finds the topic ready, however short it waited for the creator.
void BusCore::finish(TopicSegment& segment, registry::TopicTable::Topic topic) {
  if (topic.phase() == layout::TopicPhase::filling) return;
  if (topic.phase() == layout::TopicPhase::creating && !topics_.make_ready(topic)) {
    if (auto now = topics_.find(segment.name(), segment.id())) topic = *now;
  }
  segment.place_subscribers();
  SHMBUS_CRASH_POINT("finish.placed");
  segment.withdraw_orphans();
  SHMBUS_CRASH_POINT("finish.withdrawn");
  topics_.notify(topic);
  if (segment.removed()) topics_.discard(topic);
}

bool BusCore::remove_topic(const base::TopicName& name) {
  check_open();
  const auto held = registry::lock_bus_name(registry(), platform::Lock::shared);
  if (!held) {
    check_open();
    return false;
  }
  const auto id = topic::unlink_topic(registry().bus(), name, registry().owners());
  if (!id) return false;
  if (const auto topic = topics_.find(name, *id)) topics_.discard(*topic);
  return true;
}

/// Finishes topics whose creator died or stopped half-way.
unsigned BusCore::finish_topics() noexcept {
  unsigned finished = 0;
  if (!registry().intact()) return finished;
  for (const auto& topic : topics_.unfinished()) {
    const bool creator_alive = node().alive(topic.creator());
    if (topic.phase() != layout::TopicPhase::ready && creator_alive) continue;
    ++finished;
    try {
      const auto segment = topic.name ? find(*topic.name, Access::read_only) : nullptr;
      if (segment && segment->id() == topic.id) {
        finish(*segment, topic);
        continue;
      }
    } catch (const std::exception&) {
      // Without the right to open it: a process that has the right will do it. A dead node's announcement without
      // segments has no use.
      if (topic.phase() == layout::TopicPhase::ready) continue;
    }
    if (!creator_alive) topics_.discard(topic);
  }
  return finished;
}

/// Removes topics of an earlier bus of this name: opening one removes it.
unsigned BusCore::unlink_earlier_topics() {
  const base::BusName& bus = registry().bus();
  unsigned unlinked = 0;
  for (const std::string& file : platform::SegmentFile::list(bus.file_prefix())) {
    const auto topic = bus.topic_of_control_file(file);
    if (!topic) continue;
    try {
      unlinked += find(*topic, Access::read_only) == nullptr ? 1 : 0;
    } catch (const Error&) {
      // Damaged, or without the right to open it: its owner must remove it.
    }
  }
  return unlinked;
}

/// Removes logs whose creator died before the control segment that names them got its own name.
unsigned BusCore::unlink_orphan_logs() {
  unsigned unlinked = 0;
  const base::BusName& bus = registry().bus();
  for (const std::string& file : platform::SegmentFile::list(bus.file_prefix())) {
    const auto log = bus.parse_log_file(file);
    if (!log || node().alive(log->node)) continue;
    try {
      // A dead node links nothing any more: if no control segment names this log now, none ever will.
      const auto segment = log->topic ? find(*log->topic, Access::read_only) : nullptr;
      if (segment && segment->id() == log->id) continue;
      unlinked += platform::SegmentFile::unlink(file, "log '" + file + "'");
    } catch (const Error&) {
      // Damaged, or without the right to open it: it is removed with the topic, or its owner must remove it.
    }
  }
  return unlinked;
}

/// Removes cursors in topics that do not exist any more, and files of durable subscriptions of an earlier bus.
unsigned BusCore::unlink_useless_files() {
  unsigned unlinked = 0;
  const auto exists = [&](const base::TopicName& name, std::uint64_t id) {
    try {
      const auto segment = find(name, Access::read_only);
      return segment && segment->id() == id;
    } catch (const Error&) {
      return true;  // damaged, or without the right to open it
    }
  };
  // Looked for before the bus's name is locked: opening a topic may lock it, too.
  for (const std::string& file : durable::useless_files(registry(), exists)) {
    try {
      const auto held = registry::lock_bus_name(registry(), platform::Lock::shared);
      if (held) unlinked += durable::unlink_useless(registry(), file);
    } catch (const Error&) {
      // Another user's: that user's processes, or root's, unlink it.
    }
  }
  for (const std::string& file : group::useless_group_files(registry().bus(), exists)) {
    try {
      unlinked += platform::SegmentFile::unlink(file, "segment '" + file + "'");
    } catch (const Error&) {
      // The same.
    }
  }
  return unlinked;
}

ReapReport BusCore::reap() {
  check_open();
  ReapReport report;
  report.segments = topic::finish_removals(registry().bus(), registry().owners());
  SHMBUS_CRASH_POINT("reap.removals");
  finish_topics();
  for (const auto& topic : topics_.ready()) {
    try {
      const auto segment = find(*topic.name, Access::read_write);
      if (!segment || segment->id() != topic.id) {
        topics_.discard(topic);  // it had been linked, so its remover died before it took it off the list
        continue;
      }
      const log::RepairCount count = log::repair_all(segment->log());
      report.publishers += count.publishers;
      report.subscribers += count.subscribers;
      segment->withdraw_orphans();
    } catch (const Error&) {
      // Damaged, or without the right to open it: go on with the others.
    }
  }
  SHMBUS_CRASH_POINT("reap.ports");
  report.subscriptions = subscriptions_.reap();
  report.nodes = node().reap();
  SHMBUS_CRASH_POINT("reap.nodes");
  report.segments +=
      unlink_earlier_topics() + unlink_orphan_logs() + trace::tidy_recorders(node()) + unlink_useless_files();
  return report;
}

void BusCore::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_seq_cst);
  registry().ring(node().entry());  // publishers that are held back
  subscriptions_.ring_own();
  platform::SignalWait::ring();
}

}  // namespace shmbus::detail
