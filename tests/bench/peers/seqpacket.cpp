// A pair of Unix sockets that keep messages apart, with read and write that wait.

#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "descriptor.hpp"
#include "program.hpp"

namespace {

class Seqpacket {
 public:
  static constexpr peers::Ability kAbility{.name = "seqpacket", .description = "A Unix seqpacket socket pair"};

  explicit Seqpacket(const peers::Job& job) : size_(job.size) {
    peers::require(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets_) == 0, "cannot make a socket pair");
  }

  class End {
   public:
    End(Seqpacket& pair, peers::Side side, peers::Spin /*spin*/)
        : socket_(pair.sockets_[side == peers::Side::first ? 0 : 1]), message_(pair.size_) {
      ::close(pair.sockets_[side == peers::Side::first ? 1 : 0]);  // so that the death of the other end shows
    }

    void send(std::uint64_t number) {
      std::memcpy(message_.data(), &number, sizeof number);
      peers::write_all(socket_, message_);
    }
    std::uint64_t receive() {
      peers::read_all(socket_, message_);
      std::uint64_t number = 0;
      std::memcpy(&number, message_.data(), sizeof number);
      return number;
    }

   private:
    int socket_;
    std::vector<std::byte> message_;
  };

 private:
  std::size_t size_;
  int sockets_[2];
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<Seqpacket>(argc, argv); }
