#include "client/bus_core.hpp"

#include "log/repair.hpp"
#include "platform/membarrier.hpp"
#include "registry/names.hpp"
#include "registry/topic_removal.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using platform::Access;
using registry::TopicSegment;

namespace {

registry::Membership join(const std::string& name, const BusOptions& options) {
  platform::register_for_membarrier();  // refused: publishers find out when they attach
  auto segment = registry::Registry::open(name, options);
  auto clock = std::make_shared<registry::BusClock>(segment->header());
  return {std::make_shared<registry::Node>(std::move(segment)), std::move(clock)};
}

}  // namespace

BusCore::BusCore(const std::string& name, const BusOptions& options)
    : member_(join(name, options)), topics_(*member_.node), subscriptions_(*member_.node) {
  settle();
}

void BusCore::check_open() const {
  if (open()) return;
  const std::string object = "bus '" + registry().bus() + "'";
  if (node().forked()) {
    throw Error(ErrorCode::closed,
                {object, "to be used by the process that opened it", "a forked child", "open the bus in the child"});
  }
  if (registry().removed())
    throw Error(ErrorCode::closed, {object, "to exist", "that it was removed", "open it again"});
  throw Error(ErrorCode::closed, {object, "its file descriptors open", "that the program closed them",
                                  "don't close descriptors of others; open the bus again"});
}

std::shared_ptr<TopicSegment> BusCore::find_locked(const std::string& name, Access access) {
  Segments& segments = access == Access::read_write ? writable_ : readable_;
  if (auto segment = segments[name].lock()) {
    if ((segment->header().attention.load(std::memory_order_acquire) & layout::kTopicRemoved) == 0) return segment;
  }
  auto segment = TopicSegment::find(member_, name, access);
  segments[name] = segment;
  return segment;
}

std::shared_ptr<TopicSegment> BusCore::find(const std::string& name, Access access) {
  const std::lock_guard lock(mutex_);
  return find_locked(name, access);
}

std::shared_ptr<TopicSegment> BusCore::open_or_create(const std::string& name, const TopicOptions& options,
                                                      const TypeInfo& type) {
  registry::check_topic_name(name);
  check_open();
  const std::lock_guard lock(mutex_);
  constexpr int kTries = 100;  // each needs the topic to be created and removed meanwhile
  for (int i = 0; i < kTries; ++i) {
    if (auto segment = find_locked(name, Access::read_write)) {
      ensure_ready(*segment);
      segment->adopt_type(type);
      return segment;
    }
    const unsigned entry = topics_.announce(name);
    std::shared_ptr<TopicSegment> segment;
    try {
      segment = TopicSegment::create(member_, name, options, type);
    } catch (...) {
      topics_.withdraw(entry);
      throw;
    }
    if (!segment) {
      topics_.withdraw(entry);
      continue;
    }
    segment->place_subscribers();  // once more: those that were listed while it was built
    topics_.make_ready(entry, segment->id());
    segment->drop_orphans();  // and those that were taken off the list meanwhile
    if (registry().removed()) {
      registry::unlink_topic(registry().bus(), name, registry().owners());
      check_open();
    }
    writable_[name] = segment;
    return segment;
  }
  throw Error(ErrorCode::busy,
              {"topic '" + name + "'", "to stay created", "others create and remove it all the time", "try again"});
}

/// A topic whose creator has not listed it as ready, stopped or dead: whoever is about to publish does it, ports first.
void BusCore::ensure_ready(TopicSegment& segment) {
  if (topics_.find_ready(segment.name(), segment.id())) return;
  segment.place_subscribers();
  for (const auto& unfinished : topics_.unfinished()) {
    if (unfinished.name == segment.name() && layout::topic_creator(unfinished.state) == segment.header().log_node) {
      topics_.make_ready(unfinished.entry, segment.id());
      return;
    }
  }
  if (!topics_.find_ready(segment.name(), segment.id()))
    topics_.make_ready(topics_.announce(segment.name()), segment.id());
}

bool BusCore::remove_topic(const std::string& name) {
  registry::check_topic_name(name);
  check_open();
  const bool removed = registry::unlink_topic(registry().bus(), name, registry().owners());
  topics_.remove(name);
  return removed;
}

unsigned BusCore::settle() noexcept {
  unsigned settled = 0;
  for (const auto& unfinished : topics_.unfinished()) {
    if (unfinished.creator_alive) continue;
    ++settled;
    try {
      const auto segment = unfinished.name.empty() ? nullptr : find(unfinished.name, Access::read_write);
      if (segment && segment->header().log_node == layout::topic_creator(unfinished.state)) {
        segment->place_subscribers();
        topics_.make_ready(unfinished.entry, segment->id());
        segment->drop_orphans();
        continue;
      }
    } catch (const Error&) {
      // What can't be opened by us is opened by who may; the announcement of a dead node helps nobody.
    }
    topics_.discard(unfinished);
  }
  return settled;
}

/// A log whose creator died before the control segment that names it got its own name.
unsigned BusCore::unlink_orphan_logs() {
  unsigned unlinked = 0;
  const std::string& bus = registry().bus();
  for (const std::string& file : platform::SegmentFile::list(registry::bus_prefix(bus))) {
    const auto name = registry::parse_log_name(bus, file);
    if (!name || node().alive(name->node)) continue;
    // A dead node links nothing any more: what does not lead to this log now never will.
    const auto segment = find(name->topic, Access::read_only);
    if (segment && segment->header().log_node == name->node) continue;
    unlinked += platform::SegmentFile::unlink(file, "log '" + file + "'");
  }
  return unlinked;
}

ReapReport BusCore::reap() {
  check_open();
  settle();
  ReapReport report;
  for (const auto& topic : topics_.ready()) {
    try {
      if (const auto segment = find(topic.name, Access::read_write)) {
        const log::RepairCount count = log::repair_all(segment->log());
        report.publishers += count.publishers;
        report.subscribers += count.subscribers;
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::permission) throw;  // those who may, will
    }
  }
  report.subscriptions = subscriptions_.reap();
  report.nodes = node().reap();
  report.segments = unlink_orphan_logs();
  return report;
}

void BusCore::interrupt() noexcept {
  interrupted_.store(true, std::memory_order_seq_cst);
  node().ring(node().entry());
}

}  // namespace shmbus::detail
