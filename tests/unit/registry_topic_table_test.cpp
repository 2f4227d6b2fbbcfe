#include "registry/topic_table.hpp"

#include <catch2/catch.hpp>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "client/open_registry.hpp"
#include "support/temporary_bus.hpp"

using shmbus::base::TopicName;
using shmbus::registry::TopicTable;

namespace {

const TopicName kFirst("first"), kSecond("second");

}  // namespace

TEST_CASE("finishing a topic that was removed meanwhile leaves the entry's next topic alone", "[topics]") {
  const test::TemporaryBus name;
  shmbus::registry::Node node(shmbus::detail::open_registry(shmbus::base::BusName(name.name()), {}));
  TopicTable table(node);
  TopicTable::Topic removed = table.announce(kFirst, 1);

  SECTION("removed before it was ready") {
    const TopicTable::Topic stale = removed;
    REQUIRE(table.discard(removed));
    TopicTable::Topic next = table.announce(kSecond, 2);
    REQUIRE(next.entry == stale.entry);
    TopicTable::Topic late = stale;
    CHECK_FALSE(table.make_ready(late));
    table.notify(late);
    CHECK_FALSE(table.discard(late));
    CHECK(table.find(kSecond, 2));
  }
  SECTION("removed before subscribers were notified") {
    REQUIRE(table.make_ready(removed));
    TopicTable::Topic late = removed;
    REQUIRE(table.discard(removed));
    TopicTable::Topic next = table.announce(kSecond, 2);
    REQUIRE(next.entry == late.entry);
    REQUIRE(table.make_ready(next));
    table.notify(late);
    CHECK_FALSE(table.discard(late));
    CHECK(table.find(kSecond, 2));
  }
}
