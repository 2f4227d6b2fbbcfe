#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "log/batch.hpp"
#include "log/block_log.hpp"
#include "log/quick_writer.hpp"
#include "log/record_extensions.hpp"
#include "shmbus/detail/claim.hpp"
#include "shmbus/publish_result.hpp"

namespace shmbus::log {

/// Writes to one log through one publisher port: claim, write, then commit or abort. One thread at a time.
class Writer : public QuickWriter {
 public:
  /// With `causes`, an event that a handler publishes names the one that is handled, where there is room for it.
  Writer(BlockLog& log, unsigned port, bool causes = true);

  using PublishPath::publish;
  /// Publishes one event. Unless it returns `ok`, nothing was published. Never waits.
  PublishResult publish(std::span<const std::byte> payload, const RecordExtensions& extensions) noexcept {
    return extensions.area_size() != 0 ? publish_claimed(payload, extensions) : publish(payload);
  }

  /// Publishes the rest of a batch in order, as many events by one claim as the block has room for. Returns `ok` where
  /// all are published; otherwise the first ones stay published, and `batch` holds how many. Never waits.
  Status publish_all(Batch& batch) noexcept;

  /// Claims a record, and sets `c` where it returns `ok`. Otherwise nothing has changed. Never waits.
  Status claim(std::size_t size, const RecordExtensions& extensions, detail::Claim& c) noexcept;
  /// Publishes the claimed record. Never fails.
  void commit(const detail::Claim& c) noexcept;

  /// Records that the user holds a claim: until it ends, `claim` returns `loan_open`.
  void open_loan(const detail::Claim& c) noexcept {
    set_obstacle(Status::loan_open);
    loan_ = c;
  }
  /// Ends a loan that its user did not end.
  void drop_loan() noexcept { abort_loan(loan_); }
  /// Publishes the first `used` bytes of a loan.
  PublishResult commit_loan(const detail::Claim& c, std::size_t used) noexcept;
  void abort_loan(const detail::Claim& c) noexcept;

  /// Makes every later claim return `status`.
  void refuse(Status status) noexcept { set_obstacle(status); }

  BlockLog& log() const noexcept { return *log_; }
  unsigned port() const noexcept { return port_; }

 private:
  friend class QuickWriter;

  std::size_t stride(std::size_t size) const noexcept { return (size + align_ - 1) & ~(align_ - 1); }
  bool place(std::size_t stride, Place& place) noexcept {
    return exclusive_ ? place_exclusive(stride, place) : place_shared(stride, place);
  }

  // Many events at once, in writer_batch.cpp.
  /// The next events of a batch: how many, and the bytes of their records.
  struct Run {
    unsigned events = 0;
    std::size_t stride = 0;
    std::size_t bytes = 0;  // of payload
  };
  Run run_of(const Batch& batch, std::size_t room) const noexcept;
  std::size_t head_of(const Batch& batch) const noexcept;
  bool publish_run(Batch& batch) noexcept;
  bool claim_run(const Batch& batch, Run& run, Place& place) noexcept;
  void write_run(Batch& batch, const Run& run, Place at) noexcept;

  bool fits(std::size_t size, const RecordExtensions& extensions) const noexcept;
  PublishResult publish_claimed(std::span<const std::byte> payload, const RecordExtensions& extensions) noexcept;
  void finish_record(const detail::Claim& c, std::size_t size, std::uint64_t key) noexcept;
  void set_obstacle(Status status) noexcept;
  Status place_slowly(std::size_t size, std::size_t stride, Place& place) noexcept;
  bool adopt_block(std::uint64_t tail) noexcept;
  void adopt_end() noexcept;
  void seal_exclusive() noexcept;
  void seal_shared(std::uint64_t tail) noexcept;
  Status rotate(std::uint64_t tail) noexcept;

  bool exclusive_, timestamps_, causes_;
  std::uint16_t port_;
  std::size_t head_;   // bytes of a record before its payload
  std::size_t align_;  // of records
  std::size_t limit_;  // of offsets in a block that a record may reach
  BlockLog* log_;
  detail::Claim loan_;            // while it is open
  Status obstacle_ = Status::ok;  // of the next claim: an open loan, a forked child
};

}  // namespace shmbus::log
