// The bridge dies at each of its steps, the first, the fifth or a later time, and is started again: the stream and the far
// bus are equal to the book.

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "bridge_pair.hpp"
#include "support/nats_server.hpp"
#include "support/time_limits.hpp"

using namespace std::chrono_literals;
using test::Bridge;
using test::BridgePair;
using test::BusyAuthor;
using test::End;
using test::NatsClient;
using test::NatsServer;

namespace {

/// When a step is reached again.
enum class Repeats {
  events,      ///< with each event
  recoveries,  ///< when the stream has refused a message
  once,        ///< when it starts
};
struct Step {
  std::string name;
  Repeats repeats;
};

const std::vector<Step>& steps() {
  static const std::vector<Step> all{
      {"out.polled", Repeats::events},       {"out.planned", Repeats::events},    {"out.sent", Repeats::events},
      {"out.acked", Repeats::events},        {"out.positioned", Repeats::events}, {"out.drained", Repeats::recoveries},
      {"out.numbered", Repeats::recoveries}, {"in.received", Repeats::events},    {"in.claimed", Repeats::events},
      {"in.pending", Repeats::events},       {"in.committed", Repeats::events},   {"in.finished", Repeats::events},
      {"in.acked", Repeats::events},         {"in.unsubscribed", Repeats::once}};
  return all;
}

std::vector<unsigned> times(Repeats repeats) {
  if (repeats == Repeats::events) return {1, 5, 300};
  if (repeats == Repeats::recoveries) return {1, 2};
  return {1};
}

/// Lets the stream refuse messages for a moment, for they are too large.
void refuse_for_a_moment(NatsClient& client) {
  test::StreamOptions options = client.stream("shmbus_a")->options;
  options.max_message_size = 1;
  client.update_stream(options);
  std::this_thread::sleep_for(50ms);
  options.max_message_size = -1;
  client.update_stream(options);
}

constexpr End killed{.signal = SIGKILL};

void die_at(const Step& step, unsigned time) {
  CAPTURE(step.name, time);
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  pair.author.publish(30);
  pair.check(client);
  Bridge& victim = step.name.starts_with("in.") ? pair.in : pair.out;
  REQUIRE(victim.stop() == End{});
  pair.author.publish(30);

  victim.launch({"SHMBUS_NATS_CRASH=" + step.name + ":" + std::to_string(time)}, SHMBUS_BRIDGE_WITH_CRASH_POINTS);
  {
    BusyAuthor busy{pair.author, 3'000};
    if (step.repeats == Repeats::recoveries) {
      const test::Deadline deadline;
      while (!victim.ended()) {
        refuse_for_a_moment(client);
        std::this_thread::sleep_for(300ms);
        deadline.check(step.name + "; the bridge logged:\n" + victim.log());
      }
    }
    CHECK(victim.wait() == killed);
    victim.start();
    busy.stop();
  }
  pair.author.publish(30);
  pair.check(client);
}

void die_at_all(const std::string& direction) {
  for (const Step& step : steps()) {
    if (!step.name.starts_with(direction)) continue;
    for (const unsigned time : times(step.repeats)) die_at(step, time);
  }
}

}  // namespace

TEST_CASE("the bridge dies at each step of its way out, and no event is lost or doubled", "[bridge]") {
  if (!test::have_nats_server()) return;
  die_at_all("out.");
}

TEST_CASE("the bridge dies at each step of its way in, and no event is lost, or doubled without being counted",
          "[bridge]") {
  if (!test::have_nats_server()) return;
  die_at_all("in.");
}

TEST_CASE("each step at which the bridge can be killed is tested", "[bridge]") {
  const test::Finished listed = test::run({SHMBUS_BRIDGE_WITH_CRASH_POINTS, "--crash-points"});
  REQUIRE(listed.end == End{});
  std::set<std::string> named, tested;
  std::istringstream lines{listed.out};
  for (std::string line; std::getline(lines, line);) named.insert(line);
  for (const Step& step : steps()) tested.insert(step.name);
  CHECK(named == tested);
}
