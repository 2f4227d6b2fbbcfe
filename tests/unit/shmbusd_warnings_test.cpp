// What shmbusd warns of, once each.

#include "shmbusd/warnings.hpp"

#include <catch2/catch.hpp>

#include "shmbusd/reaper.hpp"

using namespace std::chrono_literals;
using shmbus::BusSnapshot;
using shmbus::Leftover;
using shmbus::daemon::leftover_lines;
using shmbus::daemon::Limits;
using shmbus::daemon::Look;
using shmbus::daemon::Memory;
using shmbus::daemon::Warnings;

namespace {

constexpr Limits limits{.gating = 5s, .memory = 10};
constexpr Memory enough{.size = 1000, .free = 900};

std::vector<Look> gating_for(std::chrono::nanoseconds time) {
  BusSnapshot bus;
  shmbus::TopicSnapshot& topic = bus.topics.emplace_back();
  topic.info.name = "t";
  shmbus::SubscriberSnapshot& s = topic.subscribers.emplace_back();
  s.alive = true;
  s.name = "badges";
  s.program = "reader";
  s.pid = 12;
  s.gating = time.count() != 0;
  s.gating_for = time;
  return {{"b", bus, {}}};
}

/// The warnings, each with its level on a line of its own.
std::string said(Warnings& warnings, const std::vector<Look>& looks, const Memory& memory = enough,
                 const Limits& l = limits) {
  std::string text;
  for (const auto& warning : warnings.look(looks, memory, l))
    text += std::string{spdlog::level::to_string_view(warning.level).data()} + ": " + warning.text + "\n";
  return text;
}

}  // namespace

TEST_CASE("a subscriber that gates longer than the limit is reported once, and so is the end of it", "[shmbusd]") {
  Warnings warnings;
  CHECK(said(warnings, gating_for(4s)) == "");
  CHECK(said(warnings, gating_for(6s)) ==
        "warning: bus 'b', topic 't': badges of reader (pid 12) has held publishers back for 6.00 s; shmbus who shows "
        "details\n");
  CHECK(said(warnings, gating_for(7s)) == "");
  CHECK(said(warnings, gating_for(0s)) ==
        "info: bus 'b', topic 't': badges of reader (pid 12) no longer holds publishers back, after 7.00 s or more\n");
  CHECK(said(warnings, gating_for(0s)) == "");
  CHECK(said(warnings, gating_for(5s)) != "");
  CHECK_THAT(said(warnings, {}), Catch::Contains("no longer"));  // the subscriber, or its bus, is gone
}

TEST_CASE("a subscriber that gates for less than the limit is not reported, nor is the end of it", "[shmbusd]") {
  Warnings warnings;
  CHECK(said(warnings, gating_for(4s)) == "");
  CHECK(said(warnings, gating_for(0s)) == "");
  CHECK(said(warnings, gating_for(1h), enough, {.gating = 0s, .memory = 10}) == "");
}

TEST_CASE("a shortage of room in /dev/shm is reported once, and so is its end, also where the room varies around the limit",
          "[shmbusd]") {
  Warnings warnings;
  CHECK(said(warnings, {}, {.size = 1000, .free = 100}) == "");
  CHECK_THAT(said(warnings, {}, {.size = 1000, .free = 99}),
             Catch::StartsWith("warning: /dev/shm has 99 B of 1000 B left (9.9 %)"));
  CHECK(said(warnings, {}, {.size = 1000, .free = 50}) == "");
  CHECK(said(warnings, {}, {.size = 1000, .free = 110}) == "");
  CHECK(said(warnings, {}, {.size = 1000, .free = 130}) == "info: /dev/shm has 130 B of 1000 B left again (13.0 %)\n");
  CHECK(said(warnings, {}, {.size = 1000, .free = 110}) == "");
  CHECK(said(warnings, {}, {.size = 0, .free = 0}) == "");
}

TEST_CASE("a bus or topic that can't be read is reported once, and again when the reason changes", "[shmbusd]") {
  Warnings warnings;
  CHECK(said(warnings, {{"b", {}, "why\x1b"}}) == "warning: bus 'b' can't be read: why\\x1b\n");
  CHECK(said(warnings, {{"b", {}, "why\x1b"}}) == "");
  CHECK(said(warnings, {{"b", {}, "else"}}) == "warning: bus 'b' can't be read: else\n");
  auto looks = gating_for(0s);
  looks[0].snapshot->topics[0].problem = "damaged";
  CHECK(said(warnings, looks) ==
        "warning: bus 'b', topic 't' can't be read: damaged\ninfo: bus 'b' can be read again, or is gone\n");
}

TEST_CASE("all that one process left is one line, and each stray file has its own", "[shmbusd]") {
  const std::vector<Leftover> leftovers{
      {.kind = Leftover::Kind::node, .node = 1, .pid = 12, .program = "reader", .name = {}},
      {.kind = Leftover::Kind::node, .node = 2, .pid = 13, .program = "writer", .name = {}},
      {.kind = Leftover::Kind::subscriber, .node = 1, .pid = 12, .program = "reader", .name = "t", .port = 3},
      {.kind = Leftover::Kind::stray, .program = {}, .name = "shmbus.b.x"},
  };
  const auto lines = leftover_lines(leftovers);
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], Catch::StartsWith("/dev/shm/shmbus.b.x is not a segment of shmbus"));
  CHECK(lines[1] == "reader (pid 12) died and left its node, subscriber port 3 of topic 't'");
  CHECK(lines[2] == "writer (pid 13) died and left its node");
}

TEST_CASE("a subscriber that could not attach a topic is reported once, and so is the end of it", "[shmbusd]") {
  BusSnapshot bus;
  shmbus::SubscriptionSnapshot& s = bus.subscriptions.emplace_back();
  s.id = 7;
  s.program = "reader";
  s.pid = 12;
  s.state = shmbus::NodeState::alive;
  s.pattern = "video.>";
  s.unattached_count = 2;
  s.unattached = {{"video.frame", shmbus::ErrorCode::limit}};
  Warnings warnings;
  CHECK(said(warnings, {{"b", bus, {}}}) ==
        "warning: bus 'b': reader (pid 12) could not attach 2 topics that match 'video.>': video.frame (limit) and 1 "
        "more; "
        "it has no descriptors left (ulimit -n), or all 64 ports of the topic are taken: see shmbus ports TOPIC\n");
  CHECK(said(warnings, {{"b", bus, {}}}) == "");
  bus.subscriptions[0].unattached_count = 0;
  CHECK(said(warnings, {{"b", bus, {}}}) ==
        "info: bus 'b': reader (pid 12) has attached every topic that matches, or is gone\n");
}

TEST_CASE("a journal's trouble is reported once, and so is its end, what is missing and who records", "[shmbusd]") {
  BusSnapshot bus;
  shmbus::TopicSnapshot& topic = bus.topics.emplace_back();
  topic.info.name = "t";
  shmbus::JournalSnapshot& j = topic.journal.emplace();
  const auto look = [&] { return std::vector<Look>{{"b", bus, {}}}; };
  Warnings warnings;
  CHECK(said(warnings, look()) == "");  // nobody records, and all is on disk
  j.unrecorded = 4;
  CHECK(said(warnings, look()) ==
        "warning: bus 'b', topic 't': its journal: nobody records; shmbus doctor shows what to do\n");
  CHECK(said(warnings, look()) == "");
  j.state = shmbus::RecorderState::recording;
  j.alive = true;
  j.node = 2;
  j.pid = 12;
  j.program = "writer";
  CHECK(said(warnings, look()) ==
        "info: bus 'b', topic 't': its journal is written again\n"
        "info: bus 'b', topic 't': recorded by writer (pid 12) now\n");
  j.missing = 3;
  j.missing_end = 9;
  CHECK(said(warnings, look()) ==
        "warning: bus 'b', topic 't': its journal misses 3 events, the last one is number 9\n");
  CHECK(said(warnings, look()) == "");
}

TEST_CASE("what is wrong with a group is reported once, and so is its end", "[shmbusd][group]") {
  Warnings warnings;
  shmbus::GroupSnapshot group;
  group.topic = "t";
  group.group = "billing";
  group.options.dead_letters = "t.dead";
  const auto look = [&] { return std::vector<Look>{{"b", BusSnapshot{}, {}, {}, {group}}}; };
  CHECK(said(warnings, look()) == "");
  group.cautious = true;
  CHECK_THAT(said(warnings, look()), Catch::StartsWith("warning: bus 'b', topic 't', group 'billing' is cautious"));
  CHECK(said(warnings, look()) == "");
  group.cautious = false;
  CHECK(said(warnings, look()) == "info: bus 'b', topic 't', group 'billing' is not cautious any more\n");
  group.full = true;
  group.full_for = 4s;
  CHECK(said(warnings, look()) == "");
  group.full_for = 6s;
  CHECK_THAT(said(warnings, look()), Catch::Contains("its window has been full for 6.00 s"));
  group.full = false;
  CHECK_THAT(said(warnings, look()), Catch::Contains("its window has room again"));
  group.deaths = 2;
  group.counts.lost = 7;
  group.counts.unpublished = 1;
  const std::string counts = said(warnings, look());
  CHECK_THAT(counts, Catch::Contains("1 dead letter could not be published to t.dead"));
  CHECK_THAT(counts, Catch::Contains("lost 7 events"));
  CHECK_THAT(counts, Catch::Contains("2 members died"));
  CHECK(said(warnings, look()) == "");
  group.problem = "damaged";
  CHECK_THAT(said(warnings, look()), Catch::Contains("can't be read: damaged"));
  group.problem.clear();
  CHECK(said(warnings, look()) == "info: bus 'b', topic 't', group 'billing' can be read again\n");
}

TEST_CASE("a group that holds publishers back is reported by its name, with or without a member", "[shmbusd][group]") {
  Warnings warnings;
  std::vector<Look> looks = gating_for(0s);
  shmbus::HeldPlaceSnapshot& place = looks[0].snapshot->topics[0].places.emplace_back();
  place.name = "group:billing";
  place.gating = true;
  place.gating_for = 6s;
  CHECK(said(warnings, looks) ==
        "warning: bus 'b', topic 't': group 'billing' has held publishers back for 6.00 s; shmbus who shows details\n");
  place.held = true;
  CHECK(said(warnings, looks) == "");
  place.gating = false;
  CHECK(said(warnings, looks) ==
        "info: bus 'b', topic 't': group 'billing' no longer holds publishers back, after 6.00 s or more\n");
}
