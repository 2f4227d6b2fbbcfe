// Boost.Interprocess message_queue: try_receive in a loop for latency, send and receive, which wait, for throughput.

#include <unistd.h>

#include <boost/interprocess/ipc/message_queue.hpp>
#include <string>
#include <vector>

#include "program.hpp"

namespace {

namespace ipc = boost::interprocess;

class MessageQueue {
 public:
  static constexpr peers::Ability kAbility{.name = "message_queue", .description = "Boost.Interprocess message_queue"};
  static constexpr std::size_t kCapacity = 1000;  // messages

  explicit MessageQueue(const peers::Job& job) : job_(job), there_(job, "there"), back_(job, "back") {}

  class End {
   public:
    End(MessageQueue& queues, peers::Side side, peers::Spin spin)
        : out_(side == peers::Side::first ? queues.there_.queue : queues.back_.queue),
          in_(side == peers::Side::first ? queues.back_.queue : queues.there_.queue),
          spins_(queues.job_.measure == peers::Job::Measure::latency),
          spin_(spin),
          touch_(queues.job_.touch()),
          message_(queues.job_.size) {}

    void send(std::uint64_t number) {
      shmbus::measure::write_number(message_, number, touch_);
      out_.send(message_.data(), message_.size(), 0);
    }

    std::uint64_t receive() {
      ipc::message_queue::size_type size = 0;
      unsigned priority = 0;
      if (spins_) {
        while (!in_.try_receive(message_.data(), message_.size(), size, priority)) spin_();
      } else {
        in_.receive(message_.data(), message_.size(), size, priority);
      }
      return peers::read_number(message_, touch_);
    }

   private:
    ipc::message_queue& out_;
    ipc::message_queue& in_;
    bool spins_;
    peers::Spin spin_;
    shmbus::measure::Touch touch_;
    std::vector<std::byte> message_;
  };

 private:
  // The processes inherit the mapping, so its name is needed only to make it.
  struct Queue {
    Queue(const peers::Job& job, const char* direction)
        : name("shmbus-compare." + std::to_string(::getpid()) + "." + direction),
          queue(ipc::create_only, name.c_str(), kCapacity, job.size) {
      ipc::message_queue::remove(name.c_str());
    }
    std::string name;
    ipc::message_queue queue;
  };

  peers::Job job_;
  Queue there_, back_;
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<MessageQueue>(argc, argv); }
