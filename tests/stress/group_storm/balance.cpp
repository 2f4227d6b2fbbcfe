// Balances the books when the storm is over.

#include "base/bus_name.hpp"
#include "client/open_registry.hpp"
#include "group/group_file.hpp"
#include "group/members.hpp"
#include "group_storm/books.hpp"
#include "support/time_limits.hpp"
#include "topic/topic_segment.hpp"

namespace group_storm {

using test::require;

namespace {

/// Returns the sequence behind the last event of a topic.
std::uint64_t end_of(shmbus::Bus& bus, const Kind& kind) {
  return bus.publisher(kind.name).publish("the end").sequence();
}

}  // namespace

void balance(const Stage& stage, const test::Parent&) {
  shmbus::Bus bus = stage.open();
  const auto member =
      shmbus::registry::Membership::of(shmbus::detail::open_registry(shmbus::base::BusName(stage.bus), {}));
  for (unsigned topic = 0; topic < kTopics; ++topic) {
    const Kind& kind = kKinds[topic];
    const std::string name = std::string("topic ") + kind.name + ": ";
    const Ledger& ledger = stage.books->ledgers[topic];
    // What is left belongs to members that were killed as the last.
    shmbus::Group group = bus.group(kind.name, "g", kind.group());
    require(!group.try_take(), name + "an event that nobody took");
    const std::uint64_t end = end_of(bus, kind);
    for (std::uint64_t s = 1; s < end; ++s) {
      if (s % 65536 == 0) stage.step("balance");
      if (ledger.published[s] == 0) continue;
      const bool done = ledger.begun[s] != 0 || ledger.letters[s] != 0;
      require(done, name + "event " + std::to_string(s) + " is neither acknowledged nor a dead letter");
      require(ledger.settled[s] == 0 || ledger.letters[s] == 0, name + "an acknowledged event is a dead letter, too");
    }
    require(static_cast<bool>(group.take(test::patience).acknowledge() == shmbus::Status::ok), name + "the last event");
    require(group.lost() == 0, name + "lost events");
    const auto segment = shmbus::topic::TopicSegment::find(member, shmbus::base::TopicName(kind.name),
                                                           shmbus::platform::Access::read_write);
    const auto file = segment ? shmbus::group::GroupFile::open(*segment, shmbus::base::GroupName("g")) : nullptr;
    require(file != nullptr, name + "no group");
    require(file->shared().floor == end + 1, name + "the floor is not at the end");
    const shmbus::group::Members members(file->shared(), *member.node);
    for (const shmbus::layout::GroupMember& m : file->shared().members)
      require(shmbus::group::leases_out(m) == 0, name + "leases are out");
    require(members.dead() == 0, name + "a dead member");
  }
}

}  // namespace group_storm
