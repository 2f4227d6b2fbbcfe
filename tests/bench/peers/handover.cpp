// A copy handed over between two processes through a ring of shared memory: the highest rate that a copying transport can
// reach. The writer copies each message in, and the reader reads every byte of it in place.

#include <atomic>
#include <cstring>
#include <vector>

#include "program.hpp"
#include "shared_memory.hpp"

namespace {

namespace measure = shmbus::measure;

class Handover {
  // One writer, one reader. Each keeps a copy of the other's word, and reads the word again when the copy is used up.
  struct Ring {
    alignas(128) std::atomic<std::uint64_t> head;  // messages written; written only by the writer
    alignas(128) std::atomic<std::uint64_t> tail;  // messages read; written only by the reader
    alignas(128) std::byte slots[1];
  };

 public:
  static constexpr peers::Ability kAbility{
      .name = "handover",
      .description = "memcpy into a ring of shared memory; the reader reads every byte",
      .ring = true};

  explicit Handover(const peers::Job& job)
      : size_(job.size),
        stride_((job.size + 63) / 64 * 64),
        slots_(std::max<std::size_t>(2, job.ring / stride_)),
        there_(sizeof(Ring) + slots_ * stride_),
        back_(sizeof(Ring) + slots_ * stride_) {}

  class End {
   public:
    End(Handover& handover, peers::Side side, peers::Spin spin)
        : size_(handover.size_), stride_(handover.stride_), slots_(handover.slots_), spin_(spin), message_(size_) {
      const bool is_first = side == peers::Side::first;
      out_ = static_cast<Ring*>((is_first ? handover.there_ : handover.back_).data());
      in_ = static_cast<Ring*>((is_first ? handover.back_ : handover.there_).data());
    }

    void send(std::uint64_t number) noexcept {
      measure::write_number(message_, number, measure::Touch::ends);
      while (written_ - read_by_other_ == slots_) {
        spin_();
        read_by_other_ = out_->tail.load(std::memory_order_acquire);
      }
      std::memcpy(out_->slots + write_slot_ * stride_, message_.data(), size_);
      if (++write_slot_ == slots_) write_slot_ = 0;
      out_->head.store(++written_, std::memory_order_release);
    }

    std::uint64_t receive() {
      while (read_ == written_by_other_) {
        spin_();
        written_by_other_ = in_->head.load(std::memory_order_acquire);
      }
      const std::byte* message = in_->slots + read_slot_ * stride_;
      const std::uint64_t number = peers::read_number({message, size_}, measure::Touch::all);
      if (++read_slot_ == slots_) read_slot_ = 0;
      in_->tail.store(++read_, std::memory_order_release);
      return number;
    }

   private:
    std::size_t size_, stride_, slots_;
    peers::Spin spin_;
    std::vector<std::byte> message_;
    Ring* out_;
    Ring* in_;
    std::uint64_t written_ = 0, read_by_other_ = 0, write_slot_ = 0;
    std::uint64_t read_ = 0, written_by_other_ = 0, read_slot_ = 0;
  };

 private:
  std::size_t size_, stride_, slots_;
  peers::SharedMemory there_, back_;
};

}  // namespace

int main(int argc, char** argv) { return peers::measure_peer<Handover>(argc, argv); }
