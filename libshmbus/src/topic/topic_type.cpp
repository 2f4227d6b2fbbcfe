#include "topic/topic_type.hpp"

#include <chrono>
#include <thread>

#include "layout/segment_checks.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::topic {

using layout::TopicHeader;

namespace {

std::string typed_text(std::string_view name, std::size_t size, std::size_t alignment, bool fields) {
  return "type '" + std::string(name) + "' (" + std::to_string(size) + " bytes, aligned to " +
         std::to_string(alignment) + (fields ? ", fields recorded)" : ")");
}

void write_type(TopicHeader& header, const TypeInfo& type) noexcept {
  // Relaxed: all are published by the hash.
  header.type_name.store(type.name);
  header.type_size.store(type.size, std::memory_order_relaxed);
  header.type_alignment.store(type.alignment, std::memory_order_relaxed);
  header.type_layout.store(type.layout, std::memory_order_relaxed);
  header.type_fields.store(type.fields);
  SHMBUS_CRASH_POINT("type.described");
  header.type_hash.store(type.hash(), std::memory_order_release);  // SYNC type: pairs with recorded_type and Event::as
}

bool accepts_raw(const TopicHeader& header) noexcept {
  return (layout::load_once(header.options) & layout::kAcceptsRaw) != 0;
}

Error mismatch(const std::string& object, const RecordedType& recorded, const TypeInfo& type) {
  std::string remedy;
  if (type.raw()) {
    remedy = "publish that type, choose another topic, or create the topic with TopicOptions::accept_raw";
  } else if (recorded.hash == TypeInfo::kRawBytes) {
    remedy = "use bytes here, or choose another topic; a topic created with TopicOptions::accept_raw takes both";
  } else if (recorded.name == type.name && recorded.size == type.size && recorded.alignment == type.alignment) {
    remedy = "their fields differ (recorded: '" + recorded.fields + "', here: '" + std::string(type.fields) +
             "'): build both services with the same definition, or choose another topic";
  } else {
    remedy = "use the recorded type, choose another topic, or specialise shmbus::type_name if both mean the same";
  }
  return {ErrorCode::type_mismatch, {object, recorded.text(), type_text(type), remedy}};
}

/// The deciding publisher writes the type, the hash last. So the hash changes from 0 to its only value, and the fields
/// that it publishes do not change any more.
///
/// The owner word is the right to write. It changes from 0 to a node, or from a dead node to another one, by
/// compare-and-swap from exactly the word that was checked. So two living nodes never both have the right, and a
/// stopped one keeps it. Ids are never used twice, so the word does not return to a dead node either.
///
/// If the deciding node dies before it stores the hash, the next publisher takes the right over and writes everything
/// again; no process has read the old fields, since the hash was 0. If it dies after that, the type is decided. It may
/// have stored the hash after we loaded it and before it died: the kernel's lock, which showed us the death, orders
/// that store before our second load. Within a node, the bus's mutex lets one thread in.
bool decide(TopicHeader& header, const TypeInfo& type, std::uint64_t owner, std::uint64_t self) noexcept {
  if (!header.type_owner.compare_exchange_strong(owner, self, std::memory_order_acq_rel)) return false;
  SHMBUS_CRASH_POINT("type.taken");
  if (header.type_hash.load(std::memory_order_acquire) == 0) write_type(header, type);
  SHMBUS_CRASH_POINT("type.written");
  return true;
}

/// Waits for another publisher's decision. Returns true once the type is decided; false where this publisher must
/// decide, in place of `owner`. `begin` is when the wait began, by the monotonic clock.
bool decided(TopicHeader& header, log::Environment& environment, const std::string& object, std::uint64_t begin,
             std::uint64_t& owner) {
  using namespace std::chrono_literals;
  for (;;) {
    if (header.type_hash.load(std::memory_order_acquire) != 0) return true;
    owner = header.type_owner.load(std::memory_order_acquire);
    if (owner == 0 || !environment.alive(owner)) return false;
    if (environment.monotonic_ns() - begin > environment.stall_limit_ns()) {
      throw Error(ErrorCode::busy,
                  {object, "its type to be recorded", "node " + std::to_string(owner) + " stopped while it does",
                   "let it go on; try again"});
    }
    std::this_thread::sleep_for(100us);
  }
}

}  // namespace

std::string RecordedType::text() const {
  if (hash == 0) return "nothing published yet";
  return hash == TypeInfo::kRawBytes ? "raw bytes" : typed_text(name, size, alignment, layout != 0);
}

std::string type_text(const TypeInfo& type) {
  return type.raw() ? "raw bytes" : typed_text(type.name, type.size, type.alignment, type.layout != 0);
}

RecordedType recorded_type(const TopicHeader& header) {
  RecordedType type;
  type.hash = header.type_hash.load(std::memory_order_acquire);  // SYNC type: pairs with write_type
  if (type.hash <= TypeInfo::kRawBytes) return type;
  // Relaxed: published by the hash.
  type.name = header.type_name.load();
  type.size = header.type_size.load(std::memory_order_relaxed);
  type.alignment = header.type_alignment.load(std::memory_order_relaxed);
  type.layout = header.type_layout.load(std::memory_order_relaxed);
  type.fields = header.type_fields.load();
  return type;
}

void record_type(TopicHeader& header, const TypeInfo& type, std::uint64_t node) noexcept {
  if (type.raw() && accepts_raw(header)) return;
  header.type_owner.store(node, std::memory_order_relaxed);  // published with the segment's name
  write_type(header, type);
}

void adopt_type(TopicHeader& header, std::uint32_t alignment, const TypeInfo& type, log::Environment& environment,
                const std::string& object) {
  // Raw bytes that are accepted besides a type decide nothing.
  if (type.raw() && accepts_raw(header)) return;
  const std::uint64_t begin = environment.monotonic_ns();
  for (std::uint64_t owner = 0; !decided(header, environment, object, begin, owner);) {
    if (type.alignment > alignment) {
      throw Error(ErrorCode::type_mismatch,
                  {object, "records aligned to " + std::to_string(alignment) + ", as it was created without a type",
                   type_text(type), "remove it, and create it by its typed publisher"});
    }
    decide(header, type, owner, environment.self());
  }
  check_type(header, type, object);
}

void check_type(const TopicHeader& header, const TypeInfo& type, const std::string& object) {
  const RecordedType recorded = recorded_type(header);
  if (recorded.hash != 0 && recorded.hash != type.hash()) throw mismatch(object, recorded, type);
}

}  // namespace shmbus::topic
