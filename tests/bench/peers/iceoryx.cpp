// iceoryx: loan and publish, take in a loop. For throughput nothing may be lost: the publisher waits for a subscriber
// whose queue is full. Needs a running RouDi.

#include <unistd.h>

#include <iceoryx_posh/popo/untyped_publisher.hpp>
#include <iceoryx_posh/popo/untyped_subscriber.hpp>
#include <iceoryx_posh/runtime/posh_runtime.hpp>
#include <string>

#include "program.hpp"

namespace {

/// This process's registration with RouDi, which ends with the object. The processes of a measurement exit without
/// destroying static objects such as the runtime, and RouDi would take them for alive.
class Runtime {
 public:
  explicit Runtime(const std::string& name)
      : runtime_(iox::runtime::PoshRuntime::initRuntime({iox::cxx::TruncateToCapacity, name})) {}
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;
  ~Runtime() { runtime_.~PoshRuntime(); }

 private:
  iox::runtime::PoshRuntime& runtime_;
};

class Iceoryx {
 public:
  static constexpr peers::Ability kAbility{.name = "iceoryx", .description = "iceoryx 2 (needs a running iox-roudi)"};

  explicit Iceoryx(const peers::Job& job) : job_(job), instance_(std::to_string(::getpid())) {}
  Iceoryx(const Iceoryx&) = delete;
  Iceoryx& operator=(const Iceoryx&) = delete;
  /// Removes what a killed process has left.
  ~Iceoryx() {
    for (const peers::Side side : {peers::Side::first, peers::Side::second}) {
      for (const char* suffix : {"", ".lock"}) ::unlink(("/tmp/" + name(side) + suffix).c_str());
    }
  }

  std::string name(peers::Side side) const {
    return "shmbus-compare-" + instance_ + (side == peers::Side::first ? "-first" : "-second");
  }

  class End {
   public:
    End(Iceoryx& peer, peers::Side side, peers::Spin spin)
        : runtime_(peer.name(side)),
          publisher_(service(peer, side == peers::Side::first ? "there" : "back"), publisher_options(peer.job_)),
          subscriber_(service(peer, side == peers::Side::first ? "back" : "there"), subscriber_options(peer.job_)),
          spin_(spin),
          size_(peer.job_.size),
          touch_(peer.job_.touch()) {
      while (!publisher_.hasSubscribers() || subscriber_.getSubscriptionState() != iox::SubscribeState::SUBSCRIBED) {
        ::usleep(1000);
      }
    }

    void send(std::uint64_t number) {
      auto loan = publisher_.loan(static_cast<std::uint32_t>(size_));
      if (loan.has_error()) throw peers::Failure("iceoryx loans no memory");
      shmbus::measure::write_number({static_cast<std::byte*>(loan.value()), size_}, number, touch_);
      publisher_.publish(loan.value());
    }

    std::uint64_t receive() {
      for (;;) {
        auto taken = subscriber_.take();
        if (taken.has_error()) {
          spin_();
          continue;
        }
        const std::uint64_t number = peers::read_number({static_cast<const std::byte*>(taken.value()), size_}, touch_);
        subscriber_.release(taken.value());
        return number;
      }
    }

   private:
    static iox::capro::ServiceDescription service(const Iceoryx& peer, const char* event) {
      return {"shmbus-compare", iox::capro::IdString_t(iox::cxx::TruncateToCapacity, peer.instance_),
              iox::capro::IdString_t(iox::cxx::TruncateToCapacity, event)};
    }
    static iox::popo::PublisherOptions publisher_options(const peers::Job& job) {
      iox::popo::PublisherOptions options;
      if (job.measure == peers::Job::Measure::throughput) {
        options.subscriberTooSlowPolicy = iox::popo::ConsumerTooSlowPolicy::WAIT_FOR_CONSUMER;
      }
      return options;
    }
    static iox::popo::SubscriberOptions subscriber_options(const peers::Job& job) {
      iox::popo::SubscriberOptions options;
      if (job.measure == peers::Job::Measure::throughput) {
        options.queueFullPolicy = iox::popo::QueueFullPolicy::BLOCK_PRODUCER;
      }
      return options;
    }

    Runtime runtime_;
    iox::popo::UntypedPublisher publisher_;
    iox::popo::UntypedSubscriber subscriber_;
    peers::Spin spin_;
    std::size_t size_;
    shmbus::measure::Touch touch_;
  };

 private:
  peers::Job job_;
  std::string instance_;
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<Iceoryx>(argc, argv); }
