#pragma once

#include <cstdint>

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

/// The outcome of a publish, or the state of a subscriber. Hot paths return it instead of throwing.
enum class Status : std::uint8_t {
  ok,
  back_pressured,  ///< a reliable subscriber holds the ring back
  too_large,       ///< the payload does not fit a block; create the topic with a larger `block_size`
  no_memory,       ///< /dev/shm is full, and nothing older could be dropped
  loan_open,       ///< this publisher's loan is neither committed nor aborted yet
  closed,          ///< the bus or topic was removed, this is a forked child, or the object was moved from
  corrupt,         ///< the topic's shared memory holds invalid data
  incomplete,      ///< a subscriber could not attach every matching topic; `unattached()` lists them, with the reasons
  beyond_loan,     ///< `commit` was called with more bytes than were loaned
  journal_failed,  ///< the journal could not be written or read; `shmbus doctor` names the cause
  not_recorded,    ///< the event is in no journal: its topic has none, or it left the ring while nothing was recorded
  timed_out,       ///< the wait ended before what it waited for happened
  retrying,        ///< a handler of a durable subscription threw; it is called again with the same event after a pause
  unacknowledged,  ///< a durable subscription's position could not be written: after a restart it is handed out again
  expired,         ///< the lease had ended before: its event is or was leased again
};

/// Returns one line for people: what is wrong, and what to do. Never null.
const char* to_string(Status status) noexcept;

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
