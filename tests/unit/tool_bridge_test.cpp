// A bridge to NATS is shown as what it is.

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bridge.hpp"
#include "finding.hpp"
#include "port_json.hpp"
#include "port_tables.hpp"
#include "support/temporary_folder.hpp"

using namespace shmbus;
using tool::Bridges;
using tool::Finding;

namespace {

constexpr std::uint64_t node = 7;

/// A topic on which a process of this name and program publishes and subscribes.
BusSnapshot bus_with(const std::string& name, const std::string& program) {
  BusSnapshot bus;
  TopicSnapshot& topic = bus.topics.emplace_back();
  topic.info.name = "t";
  PublisherSnapshot& p = topic.publishers.emplace_back();
  p.node = node;
  p.program = program;
  if (name.empty()) return bus;
  SubscriberSnapshot& s = topic.subscribers.emplace_back();
  s.node = node;
  s.name = name;
  s.program = program;
  return bus;
}

std::string tables(const BusSnapshot& bus) {
  tool::PortTables tables{Bridges{bus}};
  for (const TopicSnapshot& topic : bus.topics) tables.add(topic);
  return tables.text();
}

std::size_t count(const std::string& text, const std::string& word) {
  std::size_t found = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  return found;
}

std::vector<std::string> texts(const std::vector<Finding>& findings) {
  std::vector<std::string> all;
  for (const Finding& finding : findings) all.push_back(finding.text);
  return all;
}

}  // namespace

TEST_CASE("a bridge's name is that of its subscriptions, and its publishers have it too", "[tool][bridge]") {
  const BusSnapshot bus = bus_with("bridge host-a", "shmbus-nats");
  const Bridges bridges{bus};
  CHECK(bridges.name_of(node) == "host-a");
  CHECK(bridges.name_of(node + 1) == std::nullopt);
  CHECK(count(tables(bus), "bridge host-a to NATS") == 2);
  CHECK(tool::port_json(bridges, bus.topics[0], bus.topics[0].publishers[0])["bridge"] == "host-a");
  CHECK(tool::port_json(bridges, bus.topics[0], bus.topics[0].subscribers[0])["bridge"] == "host-a");
}

TEST_CASE("a bridge is known by its standing subscription before it has a port", "[tool][bridge]") {
  BusSnapshot bus;
  SubscriptionSnapshot& s = bus.subscriptions.emplace_back();
  s.node = node;
  s.name = "bridge host-b";
  s.program = "shmbus-nats";
  CHECK(Bridges{bus}.name_of(node) == "host-b");
}

TEST_CASE("a bridge that does not subscribe is a bridge without a name", "[tool][bridge]") {
  const BusSnapshot bus = bus_with("", "shmbus-nats");
  CHECK(Bridges{bus}.name_of(node) == "");
  CHECK(count(tables(bus), "bridge to NATS") == 1);
}

TEST_CASE("another program is no bridge, whatever its subscriber is called", "[tool][bridge]") {
  const BusSnapshot bus = bus_with("bridge toll", "toll-service");
  const Bridges bridges{bus};
  CHECK(bridges.name_of(node) == std::nullopt);
  CHECK_THAT(tables(bus), Catch::Contains("bridge toll (toll-service)") && !Catch::Contains("NATS"));
  CHECK(tool::port_json(bridges, bus.topics[0], bus.topics[0].subscribers[0])["bridge"].is_null());
}

TEST_CASE("a bridge's state is reported if its bus is gone, unless a bridge uses it", "[tool][bridge]") {
  const test::TemporaryFolder folder;
  const std::string left = folder.write("shmbus-nats.gone.host-a", "state");
  const std::string used = folder.write("shmbus-nats.new.host-b", "state");
  folder.write("shmbus-nats.here.host-a", "state");
  folder.write("shmbus-nats.nothing", "no state");
  folder.write("shmbus.gone.registry", "another file");
  const int descriptor = ::open(used.c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  REQUIRE(::fcntl(descriptor, F_OFD_SETLK, &lock) == 0);

  BusFiles here;
  here.bus = "here";
  const auto findings = tool::examine_bridge_states({here}, folder.file(""));
  REQUIRE(texts(findings).size() == 1);
  CHECK_THAT(findings[0].text, Catch::StartsWith("the bus is gone, and the bridge host-a to NATS left its state: "));
  CHECK(findings[0].kind == Finding::Kind::note);
  CHECK(findings[0].bus == "gone");
  CHECK(findings[0].command == "rm '" + left + "'");
  ::close(descriptor);  // ends the lock
  CHECK(texts(tool::examine_bridge_states({here}, folder.file(""))).size() == 2);
}
