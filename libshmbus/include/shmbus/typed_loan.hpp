#pragma once

#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "shmbus/loan.hpp"
#include "shmbus/publish_result.hpp"
#include "shmbus/publishable.hpp"
#include "shmbus/status.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus {

template <Publishable T>
class TypedPublisher;

/// The right to write one value in place, at an address aligned for it. The value starts as `T()`. A loan that is
/// destroyed before `commit` is aborted. It must not outlive its TypedPublisher.
template <Publishable T>
class [[nodiscard]] TypedLoan {
 public:
  /// Returns whether the value can be written and committed.
  explicit operator bool() const noexcept { return static_cast<bool>(loan_); }

  /// Returns why there is no loan; `ok` while there is one.
  Status status() const noexcept { return loan_.status(); }

  /// Returns the value to write. *Requires* a loan.
  T& value() const noexcept { return *get(); }
  T& operator*() const noexcept { return *get(); }
  T* operator->() const noexcept { return get(); }

  /// Returns the sequence that the event will have if it is committed; 0 without a loan.
  std::uint64_t sequence() const noexcept { return loan_.sequence(); }

  /// Publishes the value. Without a loan, returns why there is none.
  PublishResult commit() noexcept { return loan_.commit(); }

  /// Gives the loan back without publishing. Subscribers skip its sequence.
  void abort() noexcept { loan_.abort(); }

 private:
  static_assert(std::is_nothrow_default_constructible_v<T> && !std::is_array_v<T>,
                "a typed loan begins as T(): loan bytes from a Publisher where there is no such value");

  friend class TypedPublisher<T>;
  explicit TypedLoan(Loan loan) noexcept : loan_(std::move(loan)) {
    if (loan_) ::new (static_cast<void*>(loan_.payload().data())) T();
  }
  T* get() const noexcept { return std::launder(reinterpret_cast<T*>(loan_.payload().data())); }

  Loan loan_;
};

}  // namespace shmbus

#include "shmbus/detail/header_end.hpp"
