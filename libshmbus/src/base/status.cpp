#include "shmbus/status.hpp"

namespace shmbus {

const char* to_string(Status status) noexcept {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::back_pressured:
      return "back_pressured: a reliable subscriber holds the ring back; wait, or give it demote_after";
    case Status::too_large:
      return "too_large: the payload does not fit a block; create the topic with a larger block_size";
    case Status::no_memory:
      return "no_memory: /dev/shm is full; free room there, or make it larger";
    case Status::loan_open:
      return "loan_open: commit or abort this publisher's loan first";
    case Status::closed:
      return "closed: the bus or topic was removed, this is a forked child, or the object was moved from; open the bus "
             "again";
    case Status::corrupt:
      return "corrupt: the topic's shared memory was overwritten; remove the topic";
    case Status::incomplete:
      return "incomplete: not every matching topic could be attached; unattached() lists them, with the reasons";
    case Status::beyond_loan:
      return "beyond_loan: more bytes than were loaned; commit at most payload().size(), or loan more";
    case Status::journal_failed:
      return "journal_failed: the journal could not be written or read; shmbus doctor names the cause";
    case Status::not_recorded:
      return "not_recorded: the event is in no journal; create the topic with a journal, and see shmbus doctor for "
             "what "
             "was missed";
    case Status::timed_out:
      return "timed_out: the wait ended before what it waited for happened; wait longer, or look again";
    case Status::retrying:
      return "retrying: a handler of a durable subscription throws; its event is handled again after a pause";
    case Status::unacknowledged:
      return "unacknowledged: a durable subscription's position can't be written; see standard error";
    case Status::expired:
      return "expired: the lease had ended before; ask for a longer one (GroupOptions::lease), or extend it in time";
  }
  return "unknown status";
}

}  // namespace shmbus
