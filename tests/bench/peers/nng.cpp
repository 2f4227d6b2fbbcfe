// nng: a pair of sockets over ipc, with buffers of 128 messages as in nng's own performance test.

#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>

#include <stdexcept>
#include <string>

#include "program.hpp"
#include "socket_folder.hpp"

namespace {

void require(int result, const char* what) {
  if (result != 0) throw std::runtime_error(std::string("nng cannot ") + what + ": " + nng_strerror(result));
}

class Nng {
 public:
  static constexpr peers::Ability kAbility{.name = "nng", .description = "nng pair over ipc://"};
  static constexpr int kBuffered = 128;  // messages

  explicit Nng(const peers::Job& job) : job_(job) {}

  class End {
   public:
    End(Nng& peer, peers::Side side, peers::Spin /*spin*/) : size_(peer.job_.size), touch_(peer.job_.touch()) {
      require(nng_pair0_open(&socket_), "open a socket");
      require(nng_socket_set_int(socket_, NNG_OPT_SENDBUF, kBuffered), "set the send buffer");
      require(nng_socket_set_int(socket_, NNG_OPT_RECVBUF, kBuffered), "set the receive buffer");
      const char* address = peer.folder_.ipc_address().c_str();
      if (side == peers::Side::first) {
        require(nng_listen(socket_, address, nullptr, 0), "listen");
      } else {
        // The other end may not listen yet.
        require(nng_socket_set_ms(socket_, NNG_OPT_RECONNMINT, 10), "set the time to connect again");
        require(nng_dial(socket_, address, nullptr, NNG_FLAG_NONBLOCK), "dial");
      }
    }
    End(const End&) = delete;
    End& operator=(const End&) = delete;
    ~End() { nng_close(socket_); }

    void send(std::uint64_t number) {
      nng_msg* message = nullptr;
      require(nng_msg_alloc(&message, size_), "make a message");
      shmbus::measure::write_number({static_cast<std::byte*>(nng_msg_body(message)), size_}, number, touch_);
      require(nng_sendmsg(socket_, message, 0), "send");
    }
    std::uint64_t receive() {
      nng_msg* message = nullptr;
      require(nng_recvmsg(socket_, &message, 0), "receive");
      const std::uint64_t number =
          peers::read_number({static_cast<const std::byte*>(nng_msg_body(message)), nng_msg_len(message)}, touch_);
      nng_msg_free(message);
      return number;
    }

   private:
    std::size_t size_;
    shmbus::measure::Touch touch_;
    nng_socket socket_;
  };

 private:
  peers::Job job_;
  peers::SocketFolder folder_;
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<Nng>(argc, argv); }
