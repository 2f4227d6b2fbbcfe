#include "crash/scene_end.hpp"

#include "crash/role_actions.hpp"
#include "support/bus_leftovers.hpp"

namespace crash {

void check_scene_end(const std::string& bus) {
  test::check_nothing_is_left(bus, [](shmbus::Bus& member, shmbus::topic::TopicSegment& topic) {
    if (topic.name().text() == "rival") return;  // its events have other payloads
    EventChecker checker;
    test::go_round(member, topic,
                   {.publish = [](shmbus::Publisher& p, std::uint64_t n) { return publish_one(p, kVictim, n, false); },
                    .read = [&](const shmbus::Event& event, const shmbus::Subscriber& s) { checker.check(event, s); },
                    .may_grow = topic.name().text() == "s"});
  });
}

}  // namespace crash
