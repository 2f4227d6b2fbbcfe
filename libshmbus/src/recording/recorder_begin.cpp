// How a Recorder takes a topic over.

#include <cerrno>
#include <utility>

#include "log/block_search.hpp"
#include "log/log_end.hpp"
#include "log/ports.hpp"
#include "recording/journal_home.hpp"
#include "recording/recorder.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::recording {

using layout::RecorderState;

/// Takes the topic over from a recorder that ended or died, or begins its journal. What the last one wrote and did not
/// show is found in the file; what it read and did not write is still in the ring, which the gate holds.
bool Recorder::begin() noexcept {
  try {
    if (pause_.count() != 0 && writer_ && !enough_space()) return false;  // still: nothing is begun
    if (!open_files()) return false;
    attach();
  } catch (const Error& error) {
    fail({error.code() == ErrorCode::limit ? EUSERS : EIO, error.what()}, RecorderState::failed);
    return false;
  } catch (const std::exception& error) {
    fail({ENOMEM, error.what()}, RecorderState::failed);
    return false;
  }
  words_.recorder_bell.store(segment_->bell(), std::memory_order_relaxed);
  words_.hand_overs.fetch_add(1, std::memory_order_relaxed);
  // After a failure it records when it has written, or has nothing to write.
  if (pause_.count() == 0)
    words_.state.store(static_cast<std::uint64_t>(RecorderState::recording), std::memory_order_seq_cst);
  gate_.forgive();
  SHMBUS_CRASH_POINT("recorder.shown");
  show_progress();
  take_care();
  return true;
}

/// Opens the journal, or after a failure the next file of it.
bool Recorder::open_files() {
  if (writer_) {
    if (writer_->begin_new_file() != 0) {
      fail(writer_->failure(), RecorderState::failed);
      return false;
    }
  } else {
    const journal::Description description = describe(*segment_);
    writer_ = journal::JournalWriter::open(*storage_, description,
                                           {.distrusted = words_.distrusted.load(std::memory_order_acquire),
                                            .trusted = words_.durable.load(std::memory_order_acquire)});
    described_type_ = description.type_hash;
    numbers_ = std::make_unique<journal::Numbers>();
    if (const int error = numbers_->open(*storage_); error != 0) {
      writer_.reset();
      fail({error, "reading the reserved numbers"}, RecorderState::failed);
      return false;
    }
  }
  SHMBUS_CRASH_POINT("recorder.opened");
  // Numbers of before this memory that nobody recorded were never given, or are lost with the machine's memory.
  const std::uint64_t first = segment_->log().first_sequence(), next = writer_->next_sequence();
  if (next >= first || writer_->append_gap(next, first - next) == 0) return true;
  fail(writer_->failure(), RecorderState::failed);
  return false;
}

void Recorder::attach() {
  log::BlockLog& log = segment_->log();
  if (!port_) {
    port_ = log::attach_subscriber(log, {segment_->self(), segment_->bell(), 0, false, 0, "recorder"}, log::kNone,
                                   writer_->next_sequence());
  }
  if (!port_) {
    throw Error(ErrorCode::limit, {segment_->name().object() + ", its recorder", "a free subscriber port",
                                   "all ports in use", "share a subscription within a process"});
  }
  SHMBUS_CRASH_POINT("recorder.attached");
  reader_ = std::make_unique<log::Reader>(log, *port_);
  reader_->wait_for_claims();
  place_gate();
}

/// Where the gate is shut, the ring holds its block and all later ones. Where publishers opened it, it is shut at the
/// first block that may still be read; the reader then finds out what has left the ring, and counts it.
void Recorder::place_gate() {
  log::BlockLog& log = segment_->log();
  const std::uint64_t next = writer_->next_sequence();
  std::uint64_t block = gate_.block();
  if (!gate_.shut()) {
    const log::End end = log::end_of(log);
    if (end.number == log::kNone)
      throw Error(ErrorCode::corrupt,
                  {segment_->name().object(), "a tail that fits its ring", "one that does not", "remove the topic"});
    block = log::block_of(log, end, next);
    if (block == 0) block = log::oldest_block(log, end);
    gate_.shut_at(block);
  }
  reader_->resume(block, next);
  expected_ = next;
  seen_lost_ = reader_->lost();
  batch_.clear();
}

}  // namespace shmbus::recording
