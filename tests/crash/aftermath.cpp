#include "crash/aftermath.hpp"

#include "crash/acts.hpp"
#include "support/aftermath.hpp"

namespace crash {

void check_aftermath(const std::string& bus) {
  test::check_aftermath(bus, [](shmbus::Bus& member, shmbus::topic::TopicSegment& topic) {
    if (topic.name().text() == "rival") return;  // its events are no payloads of ours
    Book book;
    test::go_round(member, topic,
                   {.publish = [](shmbus::Publisher& p, std::uint64_t n) { return publish_one(p, kVictim, n, false); },
                    .read = [&](const shmbus::Event& event, const shmbus::Subscriber& s) { book.enter(event, s); },
                    .may_grow = topic.name().text() == "s"});
  });
}

}  // namespace crash
