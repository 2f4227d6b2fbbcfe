#include "window.hpp"

#include <utility>

namespace shmbus::bridge {

void Window::renumber(std::uint64_t first) noexcept { first_ = first; }

void Window::push(Message message) {
  bytes_ += message.bytes.size();
  messages_.push_back({std::move(message), false});
}

bool Window::acknowledge(std::uint64_t place) noexcept {
  if (place < first_ || place >= next()) return false;
  messages_[place - first_].acknowledged = true;
  return true;
}

void Window::pop_front() noexcept {
  bytes_ -= messages_.front().message.bytes.size();
  messages_.pop_front();
  ++first_;
}

}  // namespace shmbus::bridge
