// What the command line demands of a topic, and which of these demands an existing topic does not meet.

#include <catch2/catch.hpp>

#include "topic_shape.hpp"

using namespace shmbus;
using tool::differences;
using tool::differences_text;
using tool::TopicShape;

namespace {

TopicInfo some_topic() {
  TopicInfo topic;
  topic.block_size = 4096;
  topic.blocks = 4;
  topic.timestamps = true;
  topic.mode = 0600;
  return topic;
}

}  // namespace

TEST_CASE("an option that was not given demands nothing", "[tool]") {
  CHECK(differences({}, some_topic()).empty());
  const TopicOptions defaults = TopicShape{}.options();
  CHECK(defaults.block_size == TopicOptions{}.block_size);
  CHECK(defaults.timestamps);
  CHECK(defaults.mode == 0600);
}

TEST_CASE("every option of the command line is passed to the topic", "[tool]") {
  const TopicOptions options = TopicShape{.block_size = 8192,
                                          .blocks = 8,
                                          .mode = 0640,
                                          .group = "video",
                                          .exclusive = true,
                                          .reserve = true,
                                          .no_timestamps = true,
                                          .accept_raw = true,
                                          .strict = true}
                                   .options();
  CHECK(options.block_size == 8192);
  CHECK(options.blocks == 8);
  CHECK(options.mode == 0640);
  CHECK(options.group == "video");
  CHECK(options.writers == Writers::exclusive);
  CHECK(options.reserve);
  CHECK_FALSE(options.timestamps);
  CHECK(options.accept_raw);
  CHECK(options.strict);
}

TEST_CASE("each option that a topic does not match is named, with the topic's own value", "[tool]") {
  const auto all = differences({.block_size = 8192,
                                .blocks = 8,
                                .mode = 0640,
                                .exclusive = true,
                                .reserve = true,
                                .no_timestamps = true,
                                .accept_raw = true},
                               some_topic());
  CHECK(all.size() == 7);
  CHECK(differences_text({all[0], all[2]}) ==
        "--block-size 8192 (it has 4096), --exclusive (it has shared publishers)");
}

TEST_CASE("a number of blocks that was rounded up, or a default that was given, is not a mismatch", "[tool]") {
  CHECK(differences({.block_size = 4096, .blocks = 3}, some_topic()).empty());
  CHECK(differences({.blocks = 2}, some_topic()).size() == 1);
  CHECK(differences({.block_size = TopicOptions{}.block_size}, some_topic()).size() == 1);
}
