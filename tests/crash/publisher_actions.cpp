// What roles do that publish.

#include "crash/role_actions.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <thread>

#include "base/bus_name.hpp"
#include "client/open_registry.hpp"
#include "log/ports.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "topic/topic_segment.hpp"

namespace crash {

using namespace std::chrono_literals;
using shmbus::Bus;
using shmbus::Error;
using shmbus::ErrorCode;
using shmbus::Status;

namespace {

bool memory_short() { return shmbus::platform::crash_plan.blocks_of_memory != ~0u; }

void require_ok(Status status, const char* what) {
  const bool expected =
      status == Status::ok || status == Status::back_pressured || (status == Status::no_memory && memory_short());
  test::require(expected, std::string(what) + ": " + shmbus::to_string(status));
}

bool loan_one(shmbus::Publisher& publisher, std::span<const std::byte> payload, std::size_t more, bool abort) {
  shmbus::Loan loan = publisher.try_loan(payload.size() + more);
  require_ok(loan.status(), "a loan");
  if (!loan) return false;
  std::copy(payload.begin(), payload.end(), loan.payload().begin());
  if (abort) {
    loan.abort();
    return false;
  }
  return loan.commit(payload.size()).status() == Status::ok;
}

/// A trace, a header and a key that follow from the event's number, so that the checker can verify them.
shmbus::PublishOptions extended(std::string_view number) {
  return {.timeout = 5ms, .trace = shmbus::TraceContext{}, .headers = {{"number", number}}, .key = number};
}

}  // namespace

bool publish_one(shmbus::Publisher& publisher, std::uint64_t self, std::uint64_t number, bool may_abort) {
  const auto words = payload_of(self, number);
  const auto payload = std::as_bytes(std::span{words});
  const std::string number_text = std::to_string(number);
  Status status = Status::ok;
  switch (number % 8) {
    case 0:
      return loan_one(publisher, payload, 0, false);
    case 1:
      return loan_one(publisher, payload, 40, false);
    case 2:
      return loan_one(publisher, payload, 0, may_abort);
    case 3:
      status = publisher.publish_for(5ms, payload).status();
      break;
    case 5:
      status = publisher.publish(payload, extended(number_text)).status();
      break;
    case 6: {
      shmbus::Loan loan = publisher.loan(payload.size(), extended(number_text));
      if (loan) {
        std::copy(payload.begin(), payload.end(), loan.payload().begin());
        return loan.commit().status() == Status::ok;
      }
      status = loan.status();
      break;
    }
    default:
      status = publisher.try_publish(payload).status();
      if (status == Status::back_pressured) status = publisher.publish_for(5ms, payload).status();
  }
  require_ok(status, "a publish");
  return status == Status::ok;
}

std::size_t publish_several(shmbus::Publisher& publisher, std::uint64_t self, std::uint64_t number) {
  std::array<std::vector<std::uint64_t>, kBatch> words;
  std::array<std::span<const std::byte>, kBatch> payloads;
  for (std::size_t i = 0; i < kBatch; ++i) {
    words[i] = payload_of(self, number + i);
    payloads[i] = std::as_bytes(std::span{words[i]});
  }
  const shmbus::BatchResult result = publisher.publish_all_for(5ms, payloads);
  require_ok(result.status(), "a batch");
  test::require(result.published() <= kBatch && (!result || result.published() == kBatch), "a batch's count");
  return result.published();
}

void limit_memory(const Stage& stage) {
  if (stage.blocks_of_memory != 0) shmbus::platform::crash_plan.blocks_of_memory = stage.blocks_of_memory;
}

void publish(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  std::uint64_t number = 0;
  try {
    shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
    stage.repeat([&] {
      if (number % 16 == 0) {  // all kinds of publish_one follow in turn, chosen by the number
        publish_several(publisher, stage.self, number + 1);
        number += kBatch;
      }
      publish_one(publisher, stage.self, ++number, true);
    });
  } catch (const Error& error) {
    test::require(error.code() == ErrorCode::busy, error.what());  // another publisher has the exclusive right
  }
}

/// Publishes with claims of one size only, so that two publishers can have equal claims.
void publish_alone_and_steadily(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  stage.repeat([&] {
    number += 24;
    const auto words = payload_of(0, number);  // its length depends on the number alone
    std::vector<std::uint64_t> mine(words.size());
    test::SelfChecking::fill(mine, number << 8 | stage.self);
    require_ok(publisher.publish_for(5ms, std::as_bytes(std::span{mine})).status(), "a publish");
  });
}

/// The same with batches.
void publish_batches_alone_and_steadily(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  std::array<std::array<std::uint64_t, 5>, kBatch> words{};
  std::array<std::span<const std::byte>, kBatch> payloads;
  stage.repeat([&] {
    for (std::size_t i = 0; i < kBatch; ++i) {
      test::SelfChecking::fill(words[i], ++number << 8 | stage.self);
      payloads[i] = std::as_bytes(std::span{words[i]});
    }
    require_ok(publisher.publish_all_for(5ms, payloads).status(), "a batch");
  });
}

/// Claims, and commits only after a while.
void hold_a_loan(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  stage.repeat([&] {
    const auto words = payload_of(stage.self, ++number);
    const auto payload = std::as_bytes(std::span{words});
    const std::size_t more = number % 4 == 1 ? 40 : 0;
    if (shmbus::Loan loan = publisher.try_loan(payload.size() + more)) {
      std::this_thread::sleep_for(300us);
      std::copy(payload.begin(), payload.end(), loan.payload().begin());
      if (number % 4 == 0)
        loan.abort();
      else
        loan.commit(payload.size());
    }
  });
}

/// Places a port for a subscription that has left the list, as a creator does that died before it withdrew the port. The
/// first publisher that the port holds back withdraws it.
void publish_beside_an_orphan(const Stage& stage) {
  namespace registry = shmbus::registry;
  Bus bus = Bus::open(stage.bus);
  const auto member =
      shmbus::registry::Membership::of(shmbus::detail::open_registry(shmbus::base::BusName(stage.bus), {}));
  std::uint64_t number = 0;
  stage.repeat([&] {
    const std::string topic = "orphan." + std::to_string(stage.self) + "." + std::to_string(++number);
    shmbus::Publisher publisher = bus.publisher(topic, topic_options("t"));
    const auto segment =
        shmbus::topic::TopicSegment::find(member, shmbus::base::TopicName(topic), shmbus::platform::Access::read_only);
    test::require(segment != nullptr, "its own topic is not there");
    constexpr std::uint64_t kGone = std::uint64_t{1} << 40, kFirst = 1;
    shmbus::log::attach_subscriber(segment->log(),
                                   {.node = member.node->id(),
                                    .bell = member.node->entry(),
                                    .subscription = kGone,
                                    .reliable = true,
                                    .placed = true},
                                   kFirst, kFirst);
    for (std::uint64_t i = 0; i < 200; ++i) publish_one(publisher, stage.self, i * 8 + 4, false);
    bus.remove_topic(topic);
  });
}

void wait_for_the_disk(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  std::uint64_t number = 0;
  stage.repeat([&] {
    const auto words = payload_of(stage.self, ++number);
    const auto result = publisher.publish_for(5ms, std::as_bytes(std::span{words}));
    if (result) publisher.wait_durable(result.sequence(), 20ms);
  });
}

/// Its files can't grow from some time on. Others take over when it dies.
void record_on_a_full_disk(const Stage& stage) {
  Bus bus = Bus::open(stage.bus);
  shmbus::Publisher publisher = bus.publisher(stage.topic, topic_options(stage.topic));
  ::signal(SIGXFSZ, SIG_IGN);
  std::uint64_t number = 0;
  stage.repeat([&] {
    if (number == 20) {
      const rlimit limit{4096, 4096};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    const auto words = payload_of(stage.self, ++number);
    publisher.publish_for(5ms, std::as_bytes(std::span{words}));
  });
}

}  // namespace crash
