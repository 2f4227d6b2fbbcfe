#include "shmbus/publisher.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "c/bus.hpp"
#include "c/option_struct.hpp"
#include "c/topic.hpp"
#include "c/type.hpp"
#include "c/values.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

struct PublisherObject {
  static constexpr Kind kKind = Kind::publisher;
  explicit PublisherObject(Publisher p) noexcept : publisher(std::move(p)) {}
  Publisher publisher;
  std::optional<Loan> loan{};  // ends before the publisher
};

[[gnu::cold, gnu::noinline]] shmbus_status failed(const PublisherObject* object, Status status,
                                                  std::uint64_t* sequence) {
  if (sequence != nullptr) *sequence = 0;
  return object == nullptr ? invalid_handle("publisher") : fail(status, "topic", object->publisher.topic().name);
}

std::span<const std::byte> bytes(const void* payload, std::size_t size) noexcept {
  return {static_cast<const std::byte*>(payload), size};
}

PublishOptions publish_options(const shmbus_publish_options* options) {
  const shmbus_publish_options o =
      given(options, shmbus_publish_options SHMBUS_PUBLISH_OPTIONS_INIT, "shmbus_publish_options");
  PublishOptions result{.timeout = timeout(o.timeout), .key = from_c(o.key)};
  if (o.headers != nullptr) {
    result.headers.reserve(o.header_count);
    for (std::size_t i = 0; i < o.header_count; ++i)
      result.headers.push_back({from_c(o.headers[i].name), from_c(o.headers[i].value)});
  }
  if (o.trace != nullptr) result.trace = from_c(*o.trace);
  return result;
}

/// Calls `work(PublisherObject&)`.
template <class Work>
shmbus_status with_publisher(shmbus_publisher handle, Work&& work) {
  return guarded([&] {
    auto* object = find<PublisherObject>(handle.number);
    return object == nullptr ? invalid_handle("publisher") : static_cast<shmbus_status>(work(*object));
  });
}

}  // namespace

}  // namespace shmbus::c

using c::PublisherObject;

shmbus_status shmbus_publisher_open(shmbus_bus bus, const char* topic, const shmbus_topic_options* options,
                                    const shmbus_type* type, shmbus_publisher* publisher) {
  if (topic == nullptr) return c::invalid_argument("topic");
  if (publisher == nullptr) return c::invalid_argument("publisher");
  *publisher = {};
  return c::with_bus(bus, [&](Bus& b) {
    const c::GivenType given(type);
    return c::open_handle(
        std::make_unique<PublisherObject>(b.publisher(topic, c::topic_options(options), given.info())),
        publisher->number);
  });
}

shmbus_status shmbus_publisher_close(shmbus_publisher publisher) {
  return c::guarded(
      [&] { return c::take<PublisherObject>(publisher.number) ? SHMBUS_OK : c::invalid_handle("publisher"); });
}

namespace shmbus::c {

namespace {

/// What is left to do where a publish did not succeed at once.
[[gnu::cold, gnu::noinline]] shmbus_status publish_slowly(std::uint64_t handle, const void* payload, std::size_t size,
                                                          bool wait, std::uint64_t* sequence) {
  if (sequence != nullptr) *sequence = 0;
  auto* object = find<PublisherObject>(handle);
  if (object == nullptr) return invalid_handle("publisher");
  if (payload == nullptr && size != 0) return invalid_argument("payload");
  const PublishResult result =
      wait ? object->publisher.publish(bytes(payload, size)) : object->publisher.try_publish(bytes(payload, size));
  if (!result) return failed(object, result.status(), sequence);
  if (sequence != nullptr) *sequence = result.sequence();
  return SHMBUS_OK;
}

/// A publish that succeeds sets no error and catches nothing: Publisher throws nothing.
[[gnu::always_inline]] inline shmbus_status publish(std::uint64_t handle, const void* payload, std::size_t size,
                                                    bool wait, std::uint64_t* sequence) {
  auto* object = find<PublisherObject>(handle);
  if (object != nullptr && (payload != nullptr || size == 0)) [[likely]] {
    const PublishResult result = object->publisher.try_publish(bytes(payload, size));
    if (result) [[likely]] {
      if (sequence != nullptr) *sequence = result.sequence();
      return SHMBUS_OK;
    }
    if (result.status() != Status::back_pressured || !wait) return failed(object, result.status(), sequence);
  }
  return publish_slowly(handle, payload, size, wait, sequence);
}

}  // namespace

}  // namespace shmbus::c

shmbus_status shmbus_publish(shmbus_publisher publisher, const void* payload, size_t size, uint64_t* sequence) {
  return c::publish(publisher.number, payload, size, true, sequence);
}

shmbus_status shmbus_try_publish(shmbus_publisher publisher, const void* payload, size_t size, uint64_t* sequence) {
  return c::publish(publisher.number, payload, size, false, sequence);
}

shmbus_status shmbus_publish_with(shmbus_publisher publisher, const void* payload, size_t size,
                                  const shmbus_publish_options* options, uint64_t* sequence) {
  if (payload == nullptr && size != 0) return c::invalid_argument("payload");
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    const PublishResult result = object.publisher.publish(c::bytes(payload, size), c::publish_options(options));
    if (!result) return c::failed(&object, result.status(), sequence);
    if (sequence != nullptr) *sequence = result.sequence();
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_publish_all(shmbus_publisher publisher, const shmbus_bytes* payloads, size_t count,
                                 int64_t timeout, size_t* published, uint64_t* sequences) {
  if (published != nullptr) *published = 0;
  if (payloads == nullptr && count != 0) return c::invalid_argument("payloads");
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    const bool bounded = timeout != SHMBUS_FOREVER;
    const auto deadline = std::chrono::steady_clock::now() +
                          std::chrono::nanoseconds(bounded ? std::clamp<std::int64_t>(timeout, 0, INT64_MAX / 4) : 0);
    std::array<std::span<const std::byte>, 256> group;  // as many as get their places in the log at once
    std::size_t done = 0;
    while (done < count) {
      const std::size_t size = std::min(group.size(), count - done);
      for (std::size_t i = 0; i < size; ++i) group[i] = c::bytes(payloads[done + i].data, payloads[done + i].size);
      const std::span<const std::span<const std::byte>> all(group.data(), size);
      const std::span<std::uint64_t> numbers(sequences == nullptr ? nullptr : sequences + done,
                                             sequences == nullptr ? 0 : size);
      const BatchResult result =
          bounded ? object.publisher.publish_all_for(deadline - std::chrono::steady_clock::now(), all, numbers)
                  : object.publisher.publish_all(all, numbers);
      done += result.published();
      if (published != nullptr) *published = done;
      if (!result) return c::failed(&object, result.status(), nullptr);
    }
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_loan_begin(shmbus_publisher publisher, size_t size, const shmbus_publish_options* options,
                                shmbus_loan* loan) {
  if (loan == nullptr) return c::invalid_argument("loan");
  *loan = {};
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    if (object.loan) return c::failed(&object, Status::loan_open, nullptr);
    Loan begun =
        options == nullptr ? object.publisher.loan(size) : object.publisher.loan(size, c::publish_options(options));
    if (!begun) return c::failed(&object, begun.status(), nullptr);
    *loan = {begun.payload().data(), begun.payload().size(), begun.sequence()};
    object.loan.emplace(std::move(begun));
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_loan_commit(shmbus_publisher publisher, size_t used, uint64_t* sequence) {
  if (sequence != nullptr) *sequence = 0;
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    if (!object.loan) return static_cast<shmbus_status>(SHMBUS_NOTHING);
    const PublishResult result = object.loan->commit(used);
    if (result.status() != Status::beyond_loan) object.loan.reset();
    if (!result) return c::failed(&object, result.status(), sequence);
    if (sequence != nullptr) *sequence = result.sequence();
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_loan_abort(shmbus_publisher publisher) {
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    if (!object.loan) return SHMBUS_NOTHING;
    object.loan.reset();
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_publisher_topic(shmbus_publisher publisher, shmbus_topic_info* info) {
  if (info == nullptr) return c::invalid_argument("info");
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    c::write_info(object.publisher.topic(), info);
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_publisher_durable(shmbus_publisher publisher, uint64_t sequence, bool* durable) {
  if (durable == nullptr) return c::invalid_argument("durable");
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    *durable = object.publisher.durable(sequence);
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_publisher_wait_durable(shmbus_publisher publisher, uint64_t sequence, int64_t timeout) {
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    const Status status = object.publisher.wait_durable(sequence, c::timeout(timeout));
    return status == Status::ok ? static_cast<shmbus_status>(SHMBUS_OK) : c::failed(&object, status, nullptr);
  });
}

shmbus_status shmbus_publisher_journal(shmbus_publisher publisher, shmbus_journal_progress* progress) {
  if (progress == nullptr) return c::invalid_argument("progress");
  return c::with_publisher(publisher, [&](PublisherObject& object) {
    const JournalProgress found = object.publisher.journal();
    *progress = {found.recorded, found.durable};
    return SHMBUS_OK;
  });
}
