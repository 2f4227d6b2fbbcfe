#include "group/key_chain.hpp"

#include <catch2/catch.hpp>

#include "support/group_fixture.hpp"

using namespace shmbus::group;
using test::GroupMemory;

TEST_CASE("K1: an event that this member has not walked over may not be leased", "[group][key]") {
  GroupMemory memory;
  Window window = memory.window();
  KeyChain chain(memory.slots());
  for (std::uint64_t s = 1; s <= 3; ++s) REQUIRE(window.show_next(s) == Window::Step::done);
  CHECK_FALSE(chain.may_lease(1, window));
  chain.add(1, "a", window.floor());
  CHECK(chain.may_lease(1, window));
  CHECK_FALSE(chain.may_lease(2, window));  // shown by another member, which died before it said so
  chain.add(2, "a", window.floor());
  chain.add(3, "b", window.floor());
  CHECK_FALSE(chain.may_lease(2, window));
  CHECK(chain.may_lease(3, window));
}
