#pragma once

#include <atomic>
#include <cstddef>
#include <span>

#include "shmbus/publish_result.hpp"

#include "shmbus/detail/header_begin.hpp"

namespace shmbus::detail {

/// The inlined part of publishing: one call of the function that publishes events of this size to this topic, as the
/// publisher stands now. The functions are in log/quick_writer.cpp; log::Writer is the class of every PublishPath. One
/// thread at a time.
class PublishPath {
 public:
  PublishPath(const PublishPath&) = delete;
  PublishPath& operator=(const PublishPath&) = delete;

  /// Publishes one event. Unless it returns `ok`, nothing was published. Never waits.
  PublishResult publish(std::span<const std::byte> payload) noexcept {
    // Relaxed: whichever function it gets is right; see start_causes.
    if (is_short(payload.size())) [[likely]]
      return functions_->short_payload.load(std::memory_order_relaxed)(*this, payload);
    return functions_->any_payload.load(std::memory_order_relaxed)(*this, payload);
  }

 protected:
  /// Sizes that are copied without a call.
  static constexpr std::size_t kShortest = 16, kLongest = 64;
  static constexpr bool is_short(std::size_t size) noexcept { return size - kShortest <= kLongest - kShortest; }

  using Function = PublishResult (*)(PublishPath& path, std::span<const std::byte> payload) noexcept;
  struct Functions {
    std::atomic<Function> short_payload, any_payload;
  };

  explicit PublishPath(const Functions& functions) noexcept : functions_(&functions) {}
  ~PublishPath() = default;

  const Functions* functions_;
};

}  // namespace shmbus::detail

#include "shmbus/detail/header_end.hpp"
