#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "shmbus/detail/claim.hpp"
#include "shmbus/publish_result.hpp"
#include "shmbus/status.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

namespace detail {
class PublisherCore;
}

/// The right to write one event in place. A loan that is destroyed before `commit` is aborted. It must not outlive its
/// Publisher. A Loan that was moved from is empty, with status `closed`.
class [[nodiscard]] Loan {
 public:
  Loan(Loan&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)),
        claim_(other.claim_),
        status_(std::exchange(other.status_, Status::closed)) {}
  Loan& operator=(Loan&& other) noexcept;
  Loan(const Loan&) = delete;
  Loan& operator=(const Loan&) = delete;
  ~Loan() { abort(); }

  /// Returns whether the loan can be written and committed.
  explicit operator bool() const noexcept { return core_ != nullptr; }

  /// Returns why there is no loan; `ok` while there is one.
  Status status() const noexcept { return status_; }

  /// Returns the bytes to write, as many as were requested. Their content is indeterminate. Empty without a loan.
  std::span<std::byte> payload() const noexcept;

  /// Returns the sequence that the event will have if it is committed; 0 without a loan. So a program can note what it
  /// is about to publish, and find out after a crash whether it did.
  std::uint64_t sequence() const noexcept { return core_ != nullptr ? claim_.sequence : 0; }

  /// Publishes the first `used` bytes. Where that is more than was loaned, returns `beyond_loan` and publishes nothing;
  /// the loan stays open.
  PublishResult commit(std::size_t used) noexcept;
  /// Publishes all bytes of the loan.
  PublishResult commit() noexcept { return commit(claim_.size); }

  /// Gives the loan back without publishing. Subscribers skip its sequence.
  void abort() noexcept;

 private:
  friend class Publisher;
  Loan(detail::PublisherCore* core, const detail::Claim& claim, Status status) noexcept
      : core_(core), claim_(claim), status_(status) {}

  detail::PublisherCore* core_;  // null: nothing loaned
  detail::Claim claim_;
  Status status_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
