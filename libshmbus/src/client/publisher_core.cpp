#include "client/publisher_core.hpp"

#include <algorithm>
#include <utility>

#include "log/closed_writer.hpp"
#include "log/gate.hpp"
#include "log/handled_event.hpp"
#include "log/ports.hpp"
#include "log/sleep.hpp"
#include "platform/clock.hpp"
#include "platform/futex.hpp"
#include "platform/membarrier.hpp"
#include "recording/durable_wait.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/detail/poll_state.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

PublisherCore::PublisherCore(std::shared_ptr<BusCore> bus, const base::TopicName& topic, const TopicOptions& options,
                             const TypeInfo& type)
    : bus_(std::move(bus)) {
  auto opened = bus_->open_or_create(topic, options, &type);
  segment_ = std::move(opened.segment);
  info_ = std::move(opened.info);
  attach();
}

void PublisherCore::attach() {
  log::BlockLog& log = segment_->log();
  const std::string object = segment_->name().object();
  // Sleeping subscribers rely on it; a publisher that membarrier can't order must order its own accesses.
  if (!platform::register_for_membarrier()) log::require_fences(log);

  std::uint64_t owner = 0;
  if (log.exclusive() && !log::take_exclusive(log, owner)) {
    throw Error(ErrorCode::busy, {object, "at most one publisher, since it is exclusive",
                                  bus_->registry().node_object(owner) + ", which publishes to it",
                                  "stop that one first, or create the topic with Writers::shared"});
  }
  const auto port = log::attach_publisher(log);
  if (!port) {
    if (log.exclusive()) log::leave_exclusive(log);
    throw Error(ErrorCode::limit, {object, "at most " + std::to_string(layout::kMaxPublishers) + " publishers",
                                   "all ports in use", "share a publisher within a process, or use several topics"});
  }
  port_ = *port;
  try {
    writer_ = std::make_unique<log::Writer>(log, port_, bus_->causes());
  } catch (...) {
    log::detach_publisher(log, port_);
    if (log.exclusive()) log::leave_exclusive(log);
    throw;
  }
  listen();
}

PublisherCore::~PublisherCore() {
  stop_listening();
  if (segment_->node().forked() || !segment_->has_expected_sizes()) return;
  writer_->drop_loan();
  log::detach_publisher(segment_->log(), port_);
  if (segment_->log().exclusive()) log::leave_exclusive(segment_->log());
}

void PublisherCore::in_child() noexcept {
  if (writer_) writer_->refuse(Status::closed);
}

/// Sleeps at our bell until it has rung since `bell` was read, or it is time to check again. Returns false to give up.
bool PublisherCore::sleep(std::uint32_t bell, std::uint64_t deadline) noexcept {
  const std::uint64_t now = platform::monotonic_ns();
  if (now >= deadline || bus_->interrupted()) return false;
  if (!bus_->open()) {
    writer_->refuse(bus_->registry().intact() ? Status::closed : Status::corrupt);
    return true;
  }
  // A demotion that is due and does not happen comes from corrupt data: that must not become a busy loop.
  constexpr std::uint64_t kShortest = 100'000;
  const std::uint64_t demotion = std::max(kShortest, log::next_demotion(segment_->log()));
  const std::uint64_t slice = std::min({deadline - now, segment_->stall_limit_ns(), demotion});
  if (const layout::JournalWords* journal = segment_->journal();
      journal != nullptr && journal->recorder.load(std::memory_order_relaxed) == 0)
    bus_->seek_recorder();
  SHMBUS_CRASH_POINT("gated.sleeping");
  platform::futex_wait(segment_->node().bell(), bell, std::chrono::nanoseconds(slice));
  SHMBUS_CRASH_POINT("gated.woken");
  return true;
}

template <class Attempt>
Status PublisherCore::wait_for_room(Attempt attempt, std::chrono::nanoseconds timeout) noexcept {
  log::BlockLog& log = segment_->log();
  const std::uint64_t start = platform::monotonic_ns();
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  const std::uint64_t deadline = limit > ~start ? ~std::uint64_t{0} : start + limit;
  bool waited = false;
  for (;;) {
    // The bell is read before the wait is announced, and the wait is announced before the pins are checked. So a reader
    // that moves its pin after the check finds the bit, and the check sees a pin that moved before.
    const std::uint32_t bell = segment_->node().bell().load(std::memory_order_acquire);
    log::announce_wait(log, port_);
    const Status status = attempt();
    const bool waits = status == Status::back_pressured &&
                       // A wait for the subscription whose handler runs on this thread would never end. Checked in each
                       // round: it may start to gate while this publisher waits for others.
                       !log::HandledEvent::any_handler([&](const PollState& running) {
                         return running.bus == segment_->bus() && log::gated_by(log, running.subscription);
                       });
    if (waits && !std::exchange(waited, true)) log::show_wait(log, port_, start);
    if (!waits || !sleep(bell, deadline)) {
      if (waited) log::hide_wait(log, port_);
      log::end_wait(log, port_);
      return status;
    }
  }
}

PublishResult PublisherCore::publish_when_room(std::span<const std::byte> payload,
                                               const log::RecordExtensions& extensions,
                                               std::chrono::nanoseconds timeout) noexcept {
  PublishResult result{Status::back_pressured, 0};
  const Status status = wait_for_room(
      [&] {
        result = writer_->publish(payload, extensions);
        return result.status();
      },
      timeout);
  return {status, result.sequence()};
}

}  // namespace shmbus::detail

namespace shmbus {

using detail::PublisherCore;

namespace {

/// Each PublishPath is a log::Writer.
log::Writer& writer_of(detail::PublishPath* path) noexcept { return static_cast<log::Writer&>(*path); }

}  // namespace

Publisher::Publisher(std::unique_ptr<PublisherCore> core) noexcept : path_(&core->writer()), core_(std::move(core)) {}
Publisher::Publisher(Publisher&& other) noexcept
    : path_(std::exchange(other.path_, &log::closed_writer())), core_(std::move(other.core_)) {}
Publisher& Publisher::operator=(Publisher&& other) noexcept {
  if (this != &other) {
    path_ = std::exchange(other.path_, &log::closed_writer());
    core_ = std::move(other.core_);
  }
  return *this;
}
Publisher::~Publisher() = default;

const TopicInfo& Publisher::topic() const noexcept {
  static const TopicInfo none;
  return core_ ? core_->info() : none;
}

bool Publisher::durable(std::uint64_t sequence) const noexcept {
  return core_ && recording::durable(core_->segment(), sequence) == Status::ok;
}

Status Publisher::wait_durable(std::uint64_t sequence, Timeout timeout) const noexcept {
  if (!core_) return Status::closed;
  return recording::wait_durable(core_->segment(), sequence, timeout.length(), [this] { return core_->given_up(); });
}

JournalProgress Publisher::journal() const noexcept {
  return core_ ? recording::progress_of(core_->segment()) : JournalProgress{};
}

PublishResult Publisher::publish_slowly(std::span<const std::byte> payload) noexcept {
  const auto use = check_.enter();
  return core_->publish_when_room(payload, {}, std::chrono::nanoseconds::max());
}

PublishResult Publisher::publish(std::span<const std::byte> payload, const PublishOptions& options) noexcept {
  const auto use = check_.enter();
  const auto extensions = log::RecordExtensions::of(options);
  const PublishResult result = writer_of(path_).publish(payload, extensions);
  if (result.status() != Status::back_pressured || options.timeout.length().count() == 0) return result;
  return core_->publish_when_room(payload, extensions, options.timeout.length());
}

BatchResult Publisher::publish_all(const detail::Payloads& payloads, std::span<std::uint64_t> sequences,
                                   std::chrono::nanoseconds timeout) noexcept {
  const auto use = check_.enter();
  log::Batch batch{payloads, sequences};
  Status status = writer_of(path_).publish_all(batch);
  if (status == Status::back_pressured && timeout != kNever)
    status = core_->wait_for_room([&] { return writer_of(path_).publish_all(batch); }, timeout);
  return {status, batch.published, batch.first_sequence};
}

Loan Publisher::loan(std::size_t size, const PublishOptions* options, Timeout timeout) noexcept {
  const auto use = check_.enter();
  const auto extensions = options != nullptr ? log::RecordExtensions::of(*options) : log::RecordExtensions{};
  detail::Claim claim;
  const auto attempt = [&] { return writer_of(path_).claim(size, extensions, claim); };
  Status status = attempt();
  if (status == Status::back_pressured && timeout.length().count() != 0)
    status = core_->wait_for_room(attempt, timeout.length());
  if (status == Status::ok) writer_of(path_).open_loan(claim);
  return Loan(status == Status::ok ? core_.get() : nullptr, claim, status);
}

Loan& Loan::operator=(Loan&& other) noexcept {
  if (this != &other) {
    abort();
    core_ = std::exchange(other.core_, nullptr);
    claim_ = other.claim_;
    status_ = std::exchange(other.status_, Status::closed);
  }
  return *this;
}

std::span<std::byte> Loan::payload() const noexcept {
  return core_ != nullptr ? std::span(claim_.payload, claim_.size) : std::span<std::byte>{};
}

PublishResult Loan::commit(std::size_t used) noexcept {
  if (core_ == nullptr) return {status_ == Status::ok ? Status::closed : status_, 0};
  if (used > claim_.size) return {Status::beyond_loan, 0};
  return std::exchange(core_, nullptr)->writer().commit_loan(claim_, used);
}

void Loan::abort() noexcept {
  if (core_ != nullptr) std::exchange(core_, nullptr)->writer().abort_loan(claim_);
}

}  // namespace shmbus
