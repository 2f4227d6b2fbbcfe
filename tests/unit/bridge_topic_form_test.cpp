// The topics that events get which come in.

#include "shmbus-nats/topic_form.hpp"

#include <catch2/catch.hpp>

using shmbus::bridge::topic_of_form;

TEST_CASE("a form is filled in with the origin and its topic", "[bridge]") {
  CHECK(topic_of_form("{topic}", "host-b", "video.a") == "video.a");
  CHECK(topic_of_form("{origin}.{topic}", "host-b", "video.a") == "host-b.video.a");
  CHECK(topic_of_form("remote.{topic}.{origin}", "b", "a") == "remote.a.b");
  CHECK(topic_of_form("{topic}{topic}", "b", "{origin}") == "{origin}{origin}");
}
