#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>
#include <vector>

#include "topic_table.hpp"

using namespace shmbus;
using tool::topic_json;
using tool::topic_table;

namespace {

TopicSnapshot topic() {
  TopicSnapshot topic;
  topic.info.name = "video.watch_started";
  topic.info.type_name = "WatchStarted";
  topic.published = 10;
  topic.oldest = 4;
  topic.memory = 4096;
  topic.publishers.resize(1);
  topic.publishers[0].alive = true;
  topic.subscribers.resize(2);
  topic.subscribers[1].alive = true;
  return topic;
}

}  // namespace

TEST_CASE("the topic table aligns its columns and counts live publishers and subscribers", "[tool]") {
  std::vector<TopicSnapshot> topics(2, topic());
  topics[1].info.name = "a";
  topics[1].info.type_name.clear();
  topics[1].published = topics[1].oldest = 0;
  CHECK(topic_table(topics) ==
        "TOPIC                TYPE          PUBLISHED  RETAINED  PUBS  SUBS   MEMORY\n"
        "video.watch_started  WatchStarted         10         7     1     1  4.0 KiB\n"
        "a                    -                     0         0     1     1  4.0 KiB\n");
}

TEST_CASE("a table without topics has no heading", "[tool]") { CHECK(topic_table({}).empty()); }

TEST_CASE("numbers read at different moments never give a negative count", "[tool]") {
  TopicSnapshot snapshot = topic();
  snapshot.oldest = snapshot.published + 1;
  CHECK(tool::retained(snapshot) == 0);
}

TEST_CASE("a type name cannot control the terminal", "[tool]") {
  TopicSnapshot snapshot = topic();
  snapshot.info.type_name = "\x1b[2J";
  CHECK(topic_table({&snapshot, 1}).find('\x1b') == std::string::npos);
  CHECK(nlohmann::json::parse(topic_json(snapshot))["type"] == "\\x1b[2J");
}

TEST_CASE("in JSON each topic is one object on one line", "[tool]") {
  const std::string line = topic_json(topic());
  CHECK(line.find('\n') == line.size() - 1);
  const auto parsed = nlohmann::json::parse(line);
  CHECK(parsed["topic"] == "video.watch_started");
  CHECK(parsed["type"] == "WatchStarted");
  CHECK(parsed["published"] == 10);
  CHECK(parsed["retained"] == 7);
  CHECK(parsed["publishers"] == 1);
  CHECK(parsed["subscribers"] == 1);
  CHECK(parsed["memory"] == 4096);
  CHECK(parsed["exclusive"] == false);
}
