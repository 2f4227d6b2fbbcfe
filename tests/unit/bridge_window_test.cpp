#include <catch2/catch.hpp>

#include "shmbus-nats/window.hpp"

using namespace shmbus::bridge;

namespace {

Message message(std::uint64_t sequence) {
  Message one;
  one.event = {1, 2, sequence};
  one.bytes = "payload";
  one.payload = 7;
  return one;
}

Window window_of(std::uint64_t count, std::uint64_t first) {
  Window window;
  window.renumber(first);
  for (std::uint64_t i = 1; i <= count; ++i) window.push(message(i));
  return window;
}

}  // namespace

TEST_CASE("messages leave the window in order, however their acknowledgements come", "[bridge]") {
  Window window = window_of(3, 101);
  CHECK(window.first() == 101);
  CHECK(window.next() == 104);
  CHECK(window.bytes() == 21);
  CHECK(window.acknowledge(102));
  CHECK_FALSE(window.front_acknowledged());
  CHECK(window.acknowledge(101));
  CHECK(window.front_acknowledged());
  window.pop_front();
  CHECK(window.front_acknowledged());
  window.pop_front();
  CHECK_FALSE(window.front_acknowledged());
  CHECK(window.first() == 103);
  CHECK(window.bytes() == 7);
}

TEST_CASE("a place that is not of the window is not acknowledged", "[bridge]") {
  Window window = window_of(2, 5);
  CHECK_FALSE(window.acknowledge(4));
  CHECK_FALSE(window.acknowledge(7));
  CHECK(window.acknowledge(6));
}

TEST_CASE("what the stream has is taken out, and the others get new places", "[bridge]") {
  Window window = window_of(4, 11);
  window.acknowledge(13);
  CHECK(window.take_out([](const Message& one) { return one.event.sequence <= 2; }) == 2);
  window.renumber(21);
  CHECK(window.first() == 21);
  CHECK(window.next() == 23);
  CHECK(window.at(21).event.sequence == 3);
  CHECK_FALSE(window.front_acknowledged());  // it has another place now
  CHECK(window.bytes() == 14);
}
