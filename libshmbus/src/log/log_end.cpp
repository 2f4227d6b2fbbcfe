#include "log/log_end.hpp"

#include "log/tail_watch.hpp"

namespace shmbus::log {

End end_of(const BlockLog& log) noexcept {
  End end;
  end.next_sequence = log.first_sequence();
  for (TailWatch watch(kEndTries);;) {
    const std::uint64_t tail = log.tail().load(std::memory_order_acquire);  // SYNC tail
    if (!watch.goes_on(tail)) break;
    end.tail = tail;
    end.number = log.whole_number(tail);
    end.offset = log.format().offset(tail);
    if (end.number == kNone) continue;
    if (end.number == 0) return end;
    Block block;
    if (log.find(end.number, block) != FindResult::found) continue;
    // There is no pin: the values belong to that block only if it has not left the ring.
    if (log.slot(end.number).load(std::memory_order_acquire) != block.entry) continue;
    end.next_sequence = block.first_sequence + log.format().count(tail);
    return end;
  }
  end.number = kNone;
  return end;
}

}  // namespace shmbus::log
