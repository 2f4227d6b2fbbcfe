// ZeroMQ over ipc: PAIR for latency, PUSH and PULL for throughput, both with their default high-water marks.

#include <string>
#include <vector>
#include <zmq.hpp>

#include "program.hpp"
#include "socket_folder.hpp"

namespace {

class ZeroMq {
 public:
  static constexpr peers::Ability kAbility{.name = "zeromq", .description = "ZeroMQ over ipc://"};

  explicit ZeroMq(const peers::Job& job) : job_(job) {}

  class End {
   public:
    End(ZeroMq& peer, peers::Side side, peers::Spin /*spin*/)
        : socket_(context_, type(peer.job_, side)), touch_(peer.job_.touch()), message_(peer.job_.size) {
      socket_.set(zmq::sockopt::linger, 0);  // both ends wait for each other before they close, so nothing is lost
      if (side == peers::Side::first) {
        socket_.bind(peer.folder_.ipc_address());
      } else {
        socket_.connect(peer.folder_.ipc_address());
      }
    }

    void send(std::uint64_t number) {
      shmbus::measure::write_number(message_, number, touch_);
      socket_.send(zmq::buffer(message_));
    }
    std::uint64_t receive() {
      // It waits without limit, so there is always a message.
      static_cast<void>(socket_.recv(received_));
      return peers::read_number({received_.data<std::byte>(), received_.size()}, touch_);
    }

   private:
    static zmq::socket_type type(const peers::Job& job, peers::Side side) {
      if (job.measure == peers::Job::Measure::latency) return zmq::socket_type::pair;
      return side == peers::Side::first ? zmq::socket_type::push : zmq::socket_type::pull;
    }

    zmq::context_t context_;
    zmq::socket_t socket_;
    shmbus::measure::Touch touch_;
    std::vector<std::byte> message_;
    zmq::message_t received_;
  };

 private:
  peers::Job job_;
  peers::SocketFolder folder_;
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<ZeroMq>(argc, argv); }
