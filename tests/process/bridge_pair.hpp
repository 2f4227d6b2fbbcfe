#pragma once

#include <string>

#include "bridge_auditor.hpp"
#include "bridge_author.hpp"
#include "bridge_fixture.hpp"
#include "support/nats_stream.hpp"
#include "support/temporary_bus.hpp"

namespace test {

/// Two hosts: the events of the topics video.* of one bus go by the bridges "a" and "b" to another, where an auditor reads
/// them.
class BridgePair {
 public:
  /// `nats`: more lines of the table [nats] of both.
  explicit BridgePair(const std::string& url, const std::string& nats = {}) : BridgePair(url, url, nats) {}
  /// The first bridge reaches the server in another way than the second.
  BridgePair(const std::string& near_url, const std::string& far_url, const std::string& nats)
      : out{{.name = "a", .bus = near.name(), .url = near_url, .rules = out_rule("video.>"), .nats = nats}},
        in{{.name = "b", .bus = far.name(), .url = far_url, .rules = in_rule("'a'"), .nats = nats}} {
    out.start();
    in.start_receiving();
  }

  /// Waits until the stream and the far bus are equal to the book.
  void check(NatsClient& client) {
    check_stream(client, "a", near.name(), author.book());
    auditor.check(author.book(), in.undecided());
  }

  TemporaryBus near, far;
  shmbus::Bus bus = shmbus::Bus::open(near.name());
  Author author{bus, "video"};
  Auditor auditor{far.name()};
  Bridge out, in;
};

}  // namespace test
