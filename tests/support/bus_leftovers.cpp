#include "support/bus_leftovers.hpp"

#include <algorithm>
#include <set>

#include "base/bus_name.hpp"
#include "log/held_port.hpp"
#include "log/journal_gate.hpp"
#include "platform/segment_file.hpp"
#include "registry/topic_table.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "topic/topic_segment.hpp"

namespace test {

using shmbus::layout::kNone;
using shmbus::platform::SegmentFile;
using shmbus::registry::TopicTable;
using shmbus::topic::TopicSegment;

namespace {

/// I5: what dead nodes held is freed.
void check_ports(const std::string& topic, const shmbus::layout::TopicHeader& h) {
  for (const auto& port : h.publisher_ports) {
    require(port.owner == 0, topic + ": a publisher port has an owner");
    require(port.words.where == kNone, topic + ": a claim is shown");
  }
  for (const auto& port : h.subscriber_ports) {
    require(port.owner == 0, topic + ": a subscriber port has an owner");
    require(port.words.pin == kNone, topic + ": a pin stands");
    for (const auto& slot : port.retained) require(slot == kNone, topic + ": a block is retained");
  }
  require(h.publishers == 0 && h.subscribers == 0, topic + ": a port is listed");
  require(h.words.waiters == 0 && h.gated == 0, topic + ": somebody is waited for");
  require(h.exclusive_owner == 0, topic + ": the exclusive right is taken");
}

/// Each linked number has one physical block, and no block has two numbers. The other blocks have no owner or a dead one, so
/// that the next reservation can take them.
void check_blocks(const std::string& topic, TopicSegment& segment) {
  shmbus::log::BlockLog& log = segment.log();
  std::set<std::uint32_t> linked;
  for (std::uint64_t i = 0; i < log.blocks(); ++i) {
    const shmbus::layout::RingEntry e(log.slot(i).load());
    if (!e.linked()) continue;
    require(log.in_backed_range(e.physical()), topic + ": a block without memory is linked");
    require(linked.insert(e.physical()).second, topic + ": a block is linked twice");
    require(e.holds(log.entry(e.physical()).number), topic + ": a linked block bears another number");
  }
  for (std::uint32_t physical = 0; physical < log.backed(); ++physical) {
    const std::uint64_t owner = log.entry(physical).owner;
    require(owner == 0 || !segment.alive(owner), topic + ": a block has an owner");
  }
}

void check_tables(const shmbus::registry::Registry& registry, std::uint64_t reaper, std::uint64_t self) {
  const auto& header = registry.header();
  for (unsigned i = 0; i < registry.nodes(); ++i) {
    const std::uint64_t id = header.node_table[i].id;
    require(id == 0 || id == reaper || id == self, "a dead node is listed");
  }
  for (unsigned i = 0; i < registry.subscriptions(); ++i) {
    require(header.subscription_table[i].owner == 0 && header.subscription_table[i].id == 0, "a subscription stands");
  }
}

/// Each is readable, whatever its process was about to write, and none of the dead looks alive.
void check_recorders(const std::string& name) {
  for (const shmbus::RecorderSnapshot& recorder : shmbus::Inspector(name).recorders()) {
    require(recorder.problem.empty(), recorder.problem);
    require(recorder.ended.has_value(), "a flight recorder without an end");
    std::set<unsigned> later;  // workers of which a later call was seen
    for (auto call = recorder.calls.rbegin(); call != recorder.calls.rend(); ++call) {
      const bool last = later.insert(call->worker).second;
      require(last || call->outcome != shmbus::CallOutcome::running, "a worker's earlier call that still runs");
      require(call->event.sequence != 0 && call->event.topic != 0, "a call of no event");
    }
  }
}

}  // namespace

void check_nothing_is_left(const std::string& name, const VisitTopic& visit) {
  shmbus::Bus bus = shmbus::Bus::open(name, {.record = shmbus::Record::none});
  bus.reap();

  const shmbus::base::BusName bus_name(name);
  auto registry = shmbus::registry::Registry::find(bus_name, shmbus::platform::Access::read_write, {});
  require(registry != nullptr, "the bus has gone");
  const auto member = shmbus::registry::Membership::of(registry);
  check_tables(*registry, bus.node(), member.node->id());
  TopicTable topics(*member.node);
  require(topics.unfinished().empty(), "a topic is unfinished");

  std::set<std::string> files{bus_name.registry_file()};
  for (const TopicTable::Topic& topic : topics.ready()) {
    const shmbus::base::TopicName& topic_name = topic.name.value();
    const auto segment = TopicSegment::find(member, topic_name, shmbus::platform::Access::read_write);
    require(segment && segment->id() == topic.id, "a listed topic has no segments: " + topic_name.text());
    const auto& h = segment->header();
    files.insert(bus_name.control_file(topic_name));
    files.insert(bus_name.log_file(topic_name, h.log_node, h.id));
    // Places of durable names stay for the next holders. None comes here.
    for (unsigned i = 0; i < shmbus::layout::kMaxSubscribers; ++i) {
      if (shmbus::log::keep_port(segment->log(), i)) shmbus::log::free_held_port(segment->log(), i);
    }
    check_ports(topic_name.text(), h);
    check_blocks(topic_name.text(), *segment);
    if (segment->journal() != nullptr) shmbus::log::JournalGate(segment->log()).open();  // nobody records here
    visit(bus, *segment);
    check_ports(topic_name.text(), h);
  }
  for (const std::string& file : SegmentFile::list(bus_name.recorder_prefix())) files.insert(file);  // they stay
  check_recorders(name);
  for (const std::string& file : SegmentFile::list(bus_name.file_prefix())) {
    // A durable name, its positions in topics that exist, and the groups of these stay, too.
    const auto cursor = bus_name.parse_cursor_file(file);
    if (cursor && files.contains(bus_name.control_file(cursor->topic))) files.insert(file);
    const auto group = bus_name.parse_group_file(file);
    if (group && files.contains(bus_name.control_file(group->topic))) files.insert(file);
    if (bus_name.durable_of_file(file)) files.insert(file);
    require(files.contains(file), "a file that belongs to nobody: " + file);
  }
}

void go_round(shmbus::Bus& bus, TopicSegment& topic, const Newcomer& newcomer) {
  shmbus::log::BlockLog& log = topic.log();
  const std::string& name = topic.name().text();
  const std::uint32_t before = log.header().backed;
  const shmbus::TopicInfo info = topic.info();
  // The publisher comes first: an exclusive one moves the tail past the events that its dead predecessor had committed, and
  // the new member did not publish those.
  shmbus::Publisher publisher = bus.publisher(name, {}, info.type());  // of the type that the topic carries
  shmbus::Subscriber subscriber = bus.subscriber(name, {.delivery = shmbus::Delivery::reliable});
  std::uint64_t published = 0, read = 0;
  for (const std::uint64_t end = log.whole_number(log.tail()) + std::uint64_t{3} * log.blocks();
       log.whole_number(log.tail()) < end;) {
    require(newcomer.publish(publisher, ++published), name + ": a newcomer can't publish");
    while (subscriber.poll([&](const shmbus::Event& event) {
      newcomer.read(event, subscriber);
      ++read;
    }) != 0) {
    }
  }
  require(read == published && subscriber.lost() == 0, name + ": a newcomer's events are not all read");
  require(newcomer.may_grow || log.header().backed <= std::max(before, log.blocks() + 1), name + ": a block leaked");
}

}  // namespace test
