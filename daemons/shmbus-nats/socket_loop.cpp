#include "socket_loop.hpp"

#include <poll.h>

#include <array>
#include <chrono>

#include "nats_error.hpp"

namespace shmbus::bridge {
namespace {

/// Between two looks at what the signal may have missed.
constexpr int idle_ms = 500;

/// Set while this thread will flush anyway, so that nats.c's wish to write needs to wake nobody.
thread_local bool flushes_soon = false;

}  // namespace

void SocketLoop::start() {
  thread_ = std::thread([this] { run(); });
}

void SocketLoop::end() {
  while (attached_) std::this_thread::sleep_for(std::chrono::milliseconds{1});  // another thread of nats.c closes it
  ended_ = true;
  wake_.signal();
  if (thread_.joinable()) thread_.join();
}

void SocketLoop::use_in(natsOptions* options) {
  check(natsOptions_SetEventLoop(options, this, attach, set_reading, set_writing, detach), "options");
}

natsStatus SocketLoop::attach(void** data, void* loop, natsConnection* connection, natsSock socket) {
  auto* self = static_cast<SocketLoop*>(loop);
  self->connection_ = connection;
  self->socket_ = socket;
  self->reading_ = true;
  *data = self;
  self->attached_ = true;
  self->start();
  return NATS_OK;
}

natsStatus SocketLoop::set_reading(void* data, bool on) {
  auto* self = static_cast<SocketLoop*>(data);
  self->reading_ = on;
  self->wake_.signal();
  return NATS_OK;
}

natsStatus SocketLoop::set_writing(void* data, bool on) {
  auto* self = static_cast<SocketLoop*>(data);
  self->writing_ = on;
  if (on && !flushes_soon) self->wake_.signal();
  return NATS_OK;
}

natsStatus SocketLoop::detach(void* data) {
  auto* self = static_cast<SocketLoop*>(data);
  self->reading_ = self->writing_ = false;
  self->connection_ = nullptr;
  self->wake_.signal();
  self->attached_ = false;  // from here on the loop may be gone
  return NATS_OK;
}

void SocketLoop::flush() noexcept {
  write();
  if (writing_) wake_.signal();  // the socket is full
}

void SocketLoop::write() noexcept {
  // nats.c takes an empty buffer for a closed connection, so no two threads may write what one of them has written.
  const std::lock_guard lock(writes_);
  natsConnection* connection = connection_;
  if (connection != nullptr && writing_) natsConnection_ProcessWriteEvent(connection);
}

SocketLoop::Batch::Batch(SocketLoop& loop) : loop_(loop) { flushes_soon = true; }

SocketLoop::Batch::~Batch() {
  flushes_soon = false;
  loop_.flush();
}

void SocketLoop::read_on() noexcept { serve(0); }

void SocketLoop::run() {
  while (!ended_) {
    serve(idle_ms);
    arrived_();
  }
}

void SocketLoop::serve(int timeout_ms) {
  short wanted = 0;
  if (reading_) wanted |= POLLIN;
  if (writing_) wanted |= POLLOUT;
  std::array<pollfd, 2> descriptors{pollfd{wake_.descriptor(), POLLIN, 0}, pollfd{wanted != 0 ? socket_.load() : -1, wanted, 0}};
  if (::poll(descriptors.data(), descriptors.size(), timeout_ms) <= 0) return;
  if (descriptors[0].revents != 0) wake_.clear();
  if ((descriptors[1].revents & POLLOUT) != 0) write();
  natsConnection* connection = connection_;
  if (connection == nullptr || !reading_ || (descriptors[1].revents & (POLLIN | POLLHUP | POLLERR)) == 0) return;
  natsConnection_ProcessReadEvent(connection);
}

}  // namespace shmbus::bridge
