#include "shmbus/lease.hpp"

#include <algorithm>
#include <utility>

#include "client/group_topic.hpp"

namespace shmbus {

using layout::SlotWord;

Lease::Lease() noexcept = default;

Lease::Lease(Lease&& other) noexcept
    : topic_(std::exchange(other.topic_, nullptr)),
      sequence_(other.sequence_),
      word_(other.word_),
      event_(std::exchange(other.event_, std::nullopt)),
      deliveries_(std::exchange(other.deliveries_, 0)),
      began_ns_(other.began_ns_) {}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  if (topic_) give_back();
  topic_ = std::exchange(other.topic_, nullptr);
  sequence_ = other.sequence_;
  word_ = other.word_;
  event_ = std::exchange(other.event_, std::nullopt);
  deliveries_ = std::exchange(other.deliveries_, 0);
  began_ns_ = other.began_ns_;
  return *this;
}

Lease::~Lease() {
  if (topic_) give_back();
}

/// The event first: it may hold a place of the member's reader.
void Lease::drop() noexcept {
  event_.reset();
  topic_.reset();
  deliveries_ = 0;
}

Status Lease::finish(bool handled) noexcept {
  if (!topic_) return Status::closed;
  const group::Held held{sequence_, SlotWord(word_)};
  const Status status = handled ? topic_->acknowledge(held) : topic_->give_back(held, std::nullopt);
  topic_.reset();
  return status;
}

Status Lease::acknowledge() noexcept {
  const Status status = finish(true);
  drop();
  return status;
}

Status Lease::give_back_after(std::optional<std::chrono::nanoseconds> delay) noexcept {
  if (!topic_) return Status::closed;
  std::optional<std::uint64_t> ns;
  if (delay) ns = static_cast<std::uint64_t>(std::max<std::int64_t>(delay->count(), 0));
  const Status status = topic_->give_back({sequence_, SlotWord(word_)}, ns);
  drop();
  return status;
}

Status Lease::reject(std::string_view reason) noexcept {
  if (!topic_) return Status::closed;
  const Status status = topic_->reject({sequence_, SlotWord(word_)}, event(), deliveries_, reason);
  drop();
  return status;
}

Status Lease::extend_by(std::chrono::nanoseconds time) noexcept {
  if (!topic_) return Status::closed;
  return topic_->extend({sequence_, SlotWord(word_)}, began_ns_,
                        static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 0)));
}

}  // namespace shmbus
