#include <catch2/catch.hpp>

#include <chrono>

#include "shmbus/error.hpp"
#include "shmbus/shmbus.hpp"
#include "support/temporary_bus.hpp"

using namespace std::chrono_literals;

TEST_CASE("demote_after without reliable is refused", "[options]") {
  const test::TemporaryBus name;
  shmbus::Bus bus = shmbus::Bus::open(name.name());
  const shmbus::SubscriberOptions lossy{.demote_after = 1ms};
  const auto check_refused = [](auto attach) {
    try {
      attach();
      FAIL_CHECK("nothing was thrown");
    } catch (const shmbus::Error& error) {
      CHECK(error.code() == shmbus::ErrorCode::invalid_option);
      CHECK_THAT(error.what(), Catch::Contains("demote_after") && Catch::Contains("reliable"));
    }
  };
  check_refused([&] { static_cast<void>(bus.subscriber("t", lossy)); });
  check_refused([&] {
    shmbus::DispatchOptions options;
    options.subscriber = lossy;
    static_cast<void>(bus.subscribe(
        "t", [](const shmbus::Event&) {}, options));
  });
  CHECK_NOTHROW(static_cast<void>(bus.subscriber("t", {.delivery = shmbus::Delivery::reliable, .demote_after = 1ms})));
}
