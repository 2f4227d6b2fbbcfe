// Two bridges of one name: one serves, the other stands by.

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "bridge_pair.hpp"
#include "support/nats_server.hpp"

using namespace std::chrono_literals;
using test::Bridge;
using test::BridgePair;
using test::BusyAuthor;
using test::End;
using test::NatsClient;
using test::NatsServer;

TEST_CASE("a second bridge of one name stands by, and takes over when the first is killed; nothing is doubled",
          "[bridge]") {
  if (!test::have_nats_server()) return;
  const NatsServer server;
  NatsClient client{server.url()};
  BridgePair pair{server.url()};
  Bridge second_out{pair.out.settings()}, second_in{pair.in.settings()};
  BusyAuthor busy{pair.author, 3'000};
  Bridge* serving[] = {&pair.out, &pair.in};
  Bridge* standing_by[] = {&second_out, &second_in};
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 2; ++i) {
      standing_by[i]->launch();
      standing_by[i]->wait_for("stands by: another bridge");
      CHECK(standing_by[i]->metric("shmbus_nats_standby") == 1);
      CHECK(serving[i]->metric("shmbus_nats_standby") == 0);
      CHECK_THAT(standing_by[i]->health(), Catch::StartsWith("ok: stands by"));
      std::this_thread::sleep_for(100ms);
      CHECK(standing_by[i]->count("connected to ") == 0);
      if (round % 2 == 0) {
        serving[i]->kill();
      } else {
        CHECK(serving[i]->stop() == End{});
      }
      standing_by[i]->wait_for("takes over");
      standing_by[i]->wait_until_connected();
      std::swap(serving[i], standing_by[i]);
    }
  }
  busy.stop();
  pair.check(client);
}
