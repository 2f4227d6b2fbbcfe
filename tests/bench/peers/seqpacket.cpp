// A pair of Unix sockets that keep messages apart, with read and write that wait.

#include <sys/socket.h>

#include <vector>

#include "descriptor.hpp"
#include "program.hpp"

namespace {

class Seqpacket {
 public:
  static constexpr peers::Ability kAbility{.name = "seqpacket", .description = "A Unix seqpacket socket pair"};

  explicit Seqpacket(const peers::Job& job) : job_(job) {
    peers::require(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets_) == 0, "cannot make a socket pair");
  }

  class End {
   public:
    End(Seqpacket& pair, peers::Side side, peers::Spin /*spin*/)
        : socket_(pair.sockets_[side == peers::Side::first ? 0 : 1]),
          touch_(pair.job_.touch()),
          message_(pair.job_.size) {}

    void send(std::uint64_t number) {
      shmbus::measure::write_number(message_, number, touch_);
      peers::write_all(socket_, message_);
    }
    std::uint64_t receive() {
      peers::read_all(socket_, message_);
      return peers::read_number(message_, touch_);
    }

   private:
    int socket_;
    shmbus::measure::Touch touch_;
    std::vector<std::byte> message_;
  };

 private:
  peers::Job job_;
  int sockets_[2];
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<Seqpacket>(argc, argv); }
