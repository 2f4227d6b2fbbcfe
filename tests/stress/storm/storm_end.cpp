#include "storm/storm_end.hpp"

#include <algorithm>
#include <array>

#include "storm/payload.hpp"
#include "support/bus_leftovers.hpp"

namespace storm {

using shmbus::topic::TopicSegment;
using test::require;

namespace {

void note_figures(const Stage& stage, const TopicSegment& topic) {
  const auto at = std::find(kTopics.begin(), kTopics.end(), topic.name().text());
  if (at == kTopics.end()) return;
  const auto& h = topic.header();
  TopicFigures& figures = stage.board().topics[static_cast<std::size_t>(at - kTopics.begin())];
  figures.repaired_claims = h.repaired_claims.load();
  figures.repaired_ports = h.repaired_ports.load();
  figures.blocks = h.backed.load();
}

void go_round(const Stage& stage, shmbus::Bus& bus, TopicSegment& topic) {
  std::array<std::byte, 1000> bytes;
  std::uint64_t sequence = 0, read = 0;
  test::go_round(bus, topic,
                 {.publish =
                      [&](shmbus::Publisher& publisher, std::uint64_t number) {
                        write_payload(bytes, {.publisher = stage.self, .counter = number});
                        const auto result = publisher.publish(bytes);
                        sequence = result.sequence();
                        return result.status() == shmbus::Status::ok;
                      },
                  .read =
                      [&](const shmbus::Event& event, const shmbus::Subscriber&) {
                        require(read_payload(event).counter == ++read && event.sequence() == sequence,
                                topic.name().text() + ": a newcomer reads another event");
                      }});
}

}  // namespace

void check_storm_end(const Stage& stage, const test::Parent&) {
  test::check_nothing_is_left(stage.bus, [&](shmbus::Bus& bus, TopicSegment& topic) {
    note_figures(stage, topic);
    go_round(stage, bus, topic);
  });
}

}  // namespace storm
