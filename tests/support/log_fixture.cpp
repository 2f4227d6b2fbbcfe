#include "support/log_fixture.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <new>
#include <utility>

#include "log/ports.hpp"

namespace test {

using shmbus::layout::ClaimWord;
using shmbus::layout::Geometry;
using shmbus::layout::kPage;
using shmbus::layout::RecordHeader;
using shmbus::layout::RecordMeta;
using shmbus::layout::RingEntry;
using shmbus::layout::TopicHeader;
using shmbus::log::BlockLog;
using shmbus::log::kNone;
using shmbus::log::Moment;
using shmbus::log::Reader;
using shmbus::log::Writer;

namespace {

constexpr std::uint64_t kOnlooker = World::kNodes - 1;

/// Zeroed memory between two pages that can't be touched.
std::byte* map_guarded(std::size_t size, int protection) {
  void* whole = ::mmap(nullptr, size + 2 * kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (whole == MAP_FAILED) throw std::bad_alloc();
  auto* inner = static_cast<std::byte*>(whole) + kPage;
  if (::mprotect(inner, size, protection) != 0) throw std::bad_alloc();
  return inner;
}

void unmap_guarded(std::byte* inner, std::size_t size) { ::munmap(inner - kPage, size + 2 * kPage); }

unsigned take(std::optional<unsigned> port) {
  if (!port) std::abort();
  return *port;
}

}  // namespace

LogMemory::LogMemory(const LogOptions& o)
    : geometry_(Geometry::of(o.block_size, o.blocks, o.timestamps, o.alignment)),
      control_(map_guarded(geometry_.control_size, PROT_READ | PROT_WRITE)),
      blocks_(map_guarded(geometry_.log_size, PROT_NONE)) {
  auto* header = new (control_) TopicHeader;  // atomics start at 0
  header->seed = o.seed;
  header->timestamps = o.timestamps;
  header->exclusive = o.exclusive;
  header->block_size = o.block_size;
  header->blocks = o.blocks;
  BlockLog::format(control_, geometry_);
}

LogMemory::~LogMemory() {
  unmap_guarded(control_, geometry_.control_size);
  unmap_guarded(blocks_, geometry_.log_size);
}

bool LogMemory::back_block(std::uint32_t physical) noexcept {
  return ::mprotect(blocks_ + physical * geometry_.block_size, geometry_.block_size, PROT_READ | PROT_WRITE) == 0;
}

std::vector<std::uint64_t> World::take_rings() {
  const std::lock_guard lock(mutex_);
  return std::exchange(rings_, {});
}

void World::record_ring(std::uint64_t bell) {
  const std::lock_guard lock(mutex_);
  rings_.push_back(bell);
}

bool NodeEnvironment::alive(std::uint64_t node) noexcept {
  if (world_->on_alive) world_->on_alive();
  return world_->alive(node);
}

bool NodeEnvironment::back_block(std::uint32_t physical) noexcept {
  if (world_->on_back) world_->on_back();
  std::uint32_t left = world_->memory_left.load();
  do {
    if (left == 0) return false;
  } while (!world_->memory_left.compare_exchange_weak(left, left - 1));
  return world_->memory->back_block(physical);
}

void NodeEnvironment::ring(std::uint64_t bell) noexcept {
  if (world_->on_ring) world_->on_ring();
  world_->record_ring(bell);
}

std::byte* NodeEnvironment::writable(std::uint32_t physical) noexcept {
  const auto& geometry = world_->memory->geometry();
  return world_->may_write ? world_->memory->blocks() + physical * geometry.block_size : nullptr;
}

Moment NodeEnvironment::now() noexcept {
  if (world_->on_now) world_->on_now();
  const std::int64_t ns = world_->system_ns;
  return {static_cast<std::uint64_t>(ns), ns};
}

std::int64_t NodeEnvironment::to_ns(std::uint64_t stamp, const Moment& opened) noexcept {
  return opened.ns + static_cast<std::int64_t>(stamp - opened.cycles);
}

std::uint64_t NodeEnvironment::monotonic_ns() noexcept {
  if (world_->on_monotonic) world_->on_monotonic();
  if (!world_->real_time) return world_->monotonic_ns;
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

std::uint64_t NodeEnvironment::slow_stamp() noexcept { return static_cast<std::uint64_t>(world_->system_ns.load()); }

std::span<const std::byte> bytes_of(std::string_view text) noexcept { return std::as_bytes(std::span(text)); }

TestPublisher::TestPublisher(LogMemory& memory, World& world, std::uint64_t its_node)
    : node(its_node),
      environment(world, its_node),
      log(memory.control(), memory.blocks(), memory.geometry(), environment, &environment),
      port(take(shmbus::log::attach_publisher(log))) {
  std::uint64_t owner = 0;
  if (log.exclusive() && !shmbus::log::take_exclusive(log, owner)) std::abort();
  writer.emplace(log, port);
}

shmbus::detail::Claim TestPublisher::claim(std::size_t size, const shmbus::log::RecordExtensions& extensions) {
  shmbus::detail::Claim c;
  if (writer->claim(size, extensions, c) != shmbus::Status::ok) std::abort();
  return c;
}

TestSubscriber::TestSubscriber(LogMemory& memory, World& world, std::uint64_t its_node, const SubscriberChoice& choice)
    : node(its_node),
      environment(world, its_node),
      log(memory.control(), memory.blocks(), memory.geometry(), environment),
      port(take(shmbus::log::attach_subscriber(log,
                                               {.node = its_node,
                                                .bell = environment.bell(),
                                                .subscription = its_node,
                                                .reliable = choice.reliable,
                                                .demote_after = choice.demote_after},
                                               kNone, 0))),
      reader(std::make_unique<Reader>(log, port)) {
  reader->start(choice.start);
}

std::vector<Seen> TestSubscriber::poll(std::size_t limit) {
  std::vector<Seen> seen;
  reader->poll(
      [&](const shmbus::detail::EventRecord& r) {
        seen.push_back({r.sequence, std::string(reinterpret_cast<const char*>(r.payload), r.size), r.stamp, r.port});
      },
      limit);
  return seen;
}

std::vector<Seen> TestSubscriber::drain() {
  std::vector<Seen> all;
  for (int empty = 0; empty < 4;) {
    auto seen = poll();
    empty = seen.empty() && !reader->look() ? empty + 1 : 0;
    std::move(seen.begin(), seen.end(), std::back_inserter(all));
    if (status() != shmbus::Status::ok) break;
  }
  return all;
}

std::vector<std::uint64_t> TestSubscriber::drain_sequences() {
  std::vector<std::uint64_t> sequences;
  for (const Seen& seen : drain()) sequences.push_back(seen.sequence);
  return sequences;
}

LogFixture::LogFixture(const LogOptions& options)
    : memory(options),
      world(memory),
      environment_(world, kOnlooker),
      log_(memory.control(), memory.blocks(), memory.geometry(), environment_, &environment_) {}

TestPublisher& LogFixture::publisher() {
  return *publishers_.emplace_back(std::make_unique<TestPublisher>(memory, world, new_node()));
}

TestSubscriber& LogFixture::subscriber(const SubscriberChoice& choice) {
  return *subscribers_.emplace_back(std::make_unique<TestSubscriber>(memory, world, new_node(), choice));
}

std::uint64_t LogFixture::tail_block() const noexcept { return log_.format().block(log_.tail().load()); }
std::size_t LogFixture::tail_offset() const noexcept { return log_.format().offset(log_.tail().load()); }
std::uint64_t LogFixture::tail_count() const noexcept { return log_.format().count(log_.tail().load()); }
RingEntry LogFixture::ring(std::uint64_t number) const noexcept { return RingEntry(log_.slot(number).load()); }

RecordHeader& LogFixture::record(std::uint64_t number, std::size_t offset) const noexcept {
  return *reinterpret_cast<RecordHeader*>(log_.at(physical_of(number), offset));
}

RecordMeta LogFixture::meta(std::uint64_t number, std::size_t offset) const noexcept {
  return RecordMeta::from(record(number, offset).meta.load());
}

std::uint64_t LogFixture::key_of(std::uint64_t number) const noexcept {
  return log_.entry(physical_of(number)).key.load();
}

bool LogFixture::committed(std::uint64_t number, std::size_t offset) const noexcept {
  return record(number, offset).key.load() == key_of(number);
}

bool LogFixture::aborted(std::uint64_t number, std::size_t offset) const noexcept {
  return record(number, offset).key.load() == ~key_of(number);
}

unsigned LogFixture::place_claim(std::uint64_t node, std::size_t stride, bool padding,
                                 std::optional<std::uint64_t> where, unsigned events) {
  NodeEnvironment environment(world, node);
  BlockLog log(memory.control(), memory.blocks(), memory.geometry(), environment);
  const unsigned port = take(shmbus::log::attach_publisher(log));
  const std::uint64_t at = where.value_or(log.tail().load());
  log.publisher(port).words.what.store(
      ClaimWord(at, RingEntry(log.slot(log.format().block(at)).load()).physical(), padding, stride, events).word());
  log.publisher(port).words.where.store(at);
  return port;
}

unsigned LogFixture::place_granted(std::uint64_t node, std::size_t stride, bool padding, unsigned events) {
  const unsigned port = place_claim(node, stride, padding, std::nullopt, events);
  const std::uint64_t at = log_.tail().load();
  const auto& format = log_.format();
  place_tail(padding ? format.make(format.block(at), log_.block_size(), format.count(at))
                     : format.after(at, stride, events));
  return port;
}

void LogFixture::place_record(std::uint64_t number, std::size_t offset, std::size_t size) const noexcept {
  RecordHeader& header = record(number, offset);
  header.meta.store(RecordMeta{static_cast<std::uint32_t>(size), 0, 0}.word());
  header.key.store(key_of(number));
}

unsigned LogFixture::place_pin(std::uint64_t node, std::uint64_t pin, bool reliable) {
  NodeEnvironment environment(world, node);
  BlockLog log(memory.control(), memory.blocks(), memory.geometry(), environment);
  return take(shmbus::log::attach_subscriber(
      log, {.node = node, .bell = environment.bell(), .subscription = node, .reliable = reliable, .demote_after = 0},
      pin, 0));
}

unsigned LogFixture::place_for(std::uint64_t node, std::uint64_t subscription, bool placed,
                               std::uint64_t demote_after) {
  NodeEnvironment environment(world, node);
  BlockLog log(memory.control(), memory.blocks(), memory.geometry(), environment);
  return take(shmbus::log::attach_subscriber(log,
                                             {.node = node,
                                              .bell = environment.bell(),
                                              .subscription = subscription,
                                              .reliable = true,
                                              .demote_after = demote_after,
                                              .placed = placed},
                                             1, 1));
}

void LogFixture::publish_to_block(TestPublisher& publisher, std::uint64_t number) {
  const std::size_t size = log_.block_size() / 4;
  while (tail_block() < number || sealed() || tail_offset() == 0) {
    if (!publisher.publish_bytes(size)) std::abort();
  }
}

std::size_t LogFixture::fill_block(TestPublisher& publisher, std::size_t size) {
  std::size_t events = 0;
  if (tail_block() == 0 || sealed()) {
    if (!publisher.publish_bytes(size)) std::abort();
    ++events;
  }
  const std::size_t stride = log_.stride(log_.record_header() + size);
  for (; stride + shmbus::layout::kMinRecord <= log_.block_size() - tail_offset(); ++events) {
    if (!publisher.publish_bytes(size)) std::abort();
  }
  return events;
}

}  // namespace test
