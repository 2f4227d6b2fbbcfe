// Two pipes, with read and write that wait. Messages are all of one size, so that a read takes as many as there are.

#include <fcntl.h>
#include <unistd.h>

#include <cstring>
#include <vector>

#include "descriptor.hpp"
#include "program.hpp"

namespace {

class Pipe {
 public:
  static constexpr peers::Ability kAbility{.name = "pipe", .description = "Two pipes"};
  static constexpr std::size_t kCapacity = std::size_t{64} * 1024;  // of a pipe, unless told otherwise

  explicit Pipe(const peers::Job& job) : job_(job) {
    peers::require(::pipe2(there_, O_CLOEXEC) == 0 && ::pipe2(back_, O_CLOEXEC) == 0, "cannot make a pipe");
  }

  class End {
   public:
    End(Pipe& pipes, peers::Side side, peers::Spin /*spin*/)
        : touch_(pipes.job_.touch()), message_(pipes.job_.size), buffer_(std::max(kCapacity, pipes.job_.size)) {
      const bool is_first = side == peers::Side::first;
      out_ = (is_first ? pipes.there_ : pipes.back_)[1];
      in_ = (is_first ? pipes.back_ : pipes.there_)[0];
    }

    void send(std::uint64_t number) {
      shmbus::measure::write_number(message_, number, touch_);
      peers::write_all(out_, message_);
    }

    std::uint64_t receive() {
      while (filled_ - begin_ < message_.size()) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
        filled_ -= begin_;
        begin_ = 0;
        filled_ += peers::read_some(in_, std::span{buffer_}.subspan(filled_));
      }
      const auto message = std::span{buffer_}.subspan(begin_, message_.size());
      begin_ += message_.size();
      return peers::read_number(message, touch_);
    }

   private:
    shmbus::measure::Touch touch_;
    std::vector<std::byte> message_, buffer_;
    std::size_t begin_ = 0, filled_ = 0;  // of the buffer: what was read and not given out
    int out_, in_;
  };

 private:
  peers::Job job_;
  int there_[2], back_[2];
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<Pipe>(argc, argv); }
