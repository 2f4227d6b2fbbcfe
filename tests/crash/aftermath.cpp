#include "crash/aftermath.hpp"

#include <set>

#include "crash/acts.hpp"
#include "registry/names.hpp"
#include "registry/subscription_table.hpp"
#include "registry/topic_segment.hpp"
#include "registry/topic_table.hpp"

namespace crash {

using shmbus::layout::kNone;
using shmbus::platform::SegmentFile;
using shmbus::registry::TopicSegment;
using shmbus::registry::TopicTable;
using test::require;

namespace {

/// I5: what the dead held is freed.
void check_ports(const std::string& topic, const shmbus::layout::TopicHeader& h) {
  for (const auto& port : h.publisher_ports) {
    require(port.owner == 0, topic + ": a publisher port has an owner");
    require(port.where == kNone, topic + ": a claim is shown");
  }
  for (const auto& port : h.subscriber_ports) {
    require(port.owner == 0, topic + ": a subscriber port has an owner");
    require(port.pin == kNone, topic + ": a pin stands");
    for (const auto& slot : port.retained) require(slot == kNone, topic + ": a block is retained");
  }
  require(h.publishers == 0 && h.subscribers == 0, topic + ": a port is listed");
  require(h.waiters == 0 && h.gated == 0, topic + ": somebody is waited for");
  require(h.exclusive_owner == 0, topic + ": the exclusive right is taken");
}

/// One physical block for each linked number, and none under two.
void check_ring(const std::string& topic, shmbus::log::BlockLog& log) {
  std::set<std::uint32_t> linked;
  for (std::uint64_t i = 0; i < log.blocks(); ++i) {
    const shmbus::layout::RingEntry e(log.slot(i).load());
    if (!e.linked()) continue;
    require(log.in_backed_range(e.physical()), topic + ": a block without memory is linked");
    require(linked.insert(e.physical()).second, topic + ": a block is linked twice");
    require(e.holds(log.entry(e.physical()).number), topic + ": a linked block bears another number");
  }
}

/// A newcomer goes round the ring; with nobody inside, one block beside the ring's is all that takes.
void go_round(shmbus::Bus& bus, const std::string& topic, shmbus::log::BlockLog& log, bool memory_short) {
  const std::uint32_t before = log.header().backed;
  shmbus::SubscriberOptions options{.start = shmbus::Start::latest(), .delivery = shmbus::Delivery::reliable};
  shmbus::Subscriber subscriber = bus.subscriber(topic, options);
  shmbus::Publisher publisher = bus.publisher(topic, topic_options(topic));
  Book book;
  std::uint64_t published = 0;
  for (const std::uint64_t end = log.whole_number(log.tail()) + std::uint64_t{3} * log.blocks();
       log.whole_number(log.tail()) < end;) {
    const bool ok = publish_one(publisher, kVictim, ++published, false);
    require(ok, topic + ": a newcomer can't publish");
    while (subscriber.poll([&](const shmbus::Event& event) { book.enter(event, subscriber); }) != 0) {
    }
  }
  require(book.seen() == published && subscriber.lost() == 0, topic + ": a newcomer's events are not all read");
  const std::uint32_t enough = std::max(before, log.blocks() + 1);
  require(memory_short || log.header().backed <= enough, topic + ": a block leaked");
}

}  // namespace

void check_aftermath(const std::string& name) {
  shmbus::Bus bus = shmbus::Bus::open(name);
  bus.reap();

  auto registry = shmbus::registry::Registry::find(name, shmbus::platform::Access::read_write, {});
  require(registry != nullptr, "the bus has gone");
  auto clock = std::make_shared<shmbus::registry::BusClock>(registry->recorded());
  const shmbus::registry::Membership member{std::make_shared<shmbus::registry::Node>(registry), std::move(clock)};
  auto& header = registry->header();
  for (unsigned i = 0; i < registry->nodes(); ++i) {
    const std::uint64_t id = header.node_table[i].id;
    require(id == 0 || id == bus.node() || id == member.node->id(), "a dead node is listed");
  }
  for (unsigned i = 0; i < registry->subscriptions(); ++i) {
    require(header.subscription_table[i].owner == 0 && header.subscription_table[i].id == 0, "a subscription stands");
  }
  TopicTable topics(*member.node);
  require(topics.unfinished().empty(), "a topic is unfinished");

  std::set<std::string> files{shmbus::registry::registry_name(name)};
  for (const TopicTable::Topic& topic : topics.ready()) {
    const auto segment = TopicSegment::find(member, topic.name, shmbus::platform::Access::read_write);
    require(segment && segment->id() == topic.id, "a listed topic has no segments: " + topic.name);
    const auto& h = segment->header();
    files.insert(shmbus::registry::control_name(name, topic.name));
    files.insert(shmbus::registry::log_name(name, topic.name, h.log_node, h.id));
    check_ports(topic.name, h);
    check_ring(topic.name, segment->log());
    if (topic.name != "rival") go_round(bus, topic.name, segment->log(), topic.name == "s");
    check_ports(topic.name, h);
  }
  for (const std::string& file : SegmentFile::list(shmbus::registry::bus_prefix(name))) {
    require(files.contains(file), "a file that belongs to nobody: " + file);
  }
}

}  // namespace crash
