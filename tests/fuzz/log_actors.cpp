#include "fuzz/log_actors.hpp"

#include <cstdlib>
#include <cstring>

#include "log/claims.hpp"
#include "log/gate.hpp"
#include "log/ports.hpp"
#include "log/repair.hpp"
#include "log/reservation.hpp"
#include "log/rotation.hpp"

namespace fuzz {

using shmbus::Start;
using shmbus::Status;
using shmbus::detail::Claim;
using shmbus::detail::EventRecord;
using shmbus::layout::kNone;

namespace {

void require(bool condition) noexcept {
  if (!condition) std::abort();
}

/// Reads every byte, so that the sanitizer sees each.
void touch(const std::byte* at, std::size_t size) noexcept {
  for (std::size_t i = 0; i < size; ++i) static_cast<void>(*static_cast<const volatile std::byte*>(at + i));
}

}  // namespace

LogActors::LogActors(const LogImage& image, Input& input)
    : image_(image),
      input_(input),
      world_(image, input),
      log_(image.control(), image.blocks(), image.geometry(), world_) {}

void LogActors::disturb() {
  world_.begin_step();
  switch (input_.below(4)) {
    case 0:
      world_.damage_after(input_.take() % 32);
      break;
    case 1:
      world_.pass_stall_limit();
      break;
    default:
      damage(image_, input_);
  }
}

/// A payload lies in one block, whatever its record says.
void LogActors::check(const EventRecord& record) const {
  const auto begin = static_cast<std::size_t>(record.payload - image_.blocks());
  const std::size_t block_size = image_.geometry().block_size;
  require(begin < image_.geometry().log_size && begin % block_size + record.size <= block_size && begin % 8 == 0);
  touch(record.payload, record.size);
  if (record.extensions == nullptr) return;
  const auto area = static_cast<std::size_t>(record.extensions - image_.blocks());
  require(area < begin && area / block_size == begin / block_size && area % 8 == 0);
  touch(record.extensions, static_cast<std::size_t>(record.payload - record.extensions));
  check(shmbus::log::ExtensionView(record), record);
}

/// What Event::trace, headers and key return.
void LogActors::check(const shmbus::log::ExtensionView& extensions, const EventRecord& record) const {
  const auto check_part = [&](const void* begin, std::size_t size) {
    if (size == 0) return;
    const auto* bytes = static_cast<const std::byte*>(begin);
    require(bytes > record.extensions && bytes + size <= record.payload);
    touch(bytes, size);
  };
  if (const auto* trace = extensions.trace(); trace != nullptr) check_part(trace, sizeof *trace);
  for (const shmbus::EventHeader header : extensions.headers()) {
    require(!header.name.empty());
    check_part(header.name.data(), header.name.size());
    check_part(header.value.data(), header.value.size());
  }
  check_part(extensions.key().data(), extensions.key().size());
}

void LogActors::check(const Claim& claim) const {
  const auto begin = static_cast<std::size_t>(claim.record - image_.blocks());
  const std::size_t block_size = image_.geometry().block_size;
  require(begin < image_.geometry().log_size && begin % block_size + claim.stride <= block_size && begin % 8 == 0);
}

Start LogActors::start() {
  switch (input_.below(5)) {
    case 0:
      return Start::latest();
    case 1:
      return Start::oldest();
    case 2:
      return Start::sequence(input_.take());
    case 3:
      return Start::last(input_.take());
    default:
      return Start::time(shmbus::Time{std::chrono::nanoseconds{input_.take<std::int64_t>()}});
  }
}

void LogActors::attach_reader(std::unique_ptr<Place>& place) {
  const std::uint64_t node = next_node_++ % kMaxNode;
  world_.be(node);
  const std::uint8_t how = input_.take();
  const auto port = shmbus::log::attach_subscriber(log_,
                                                   {.node = node,
                                                    .bell = node,
                                                    .subscription = how,
                                                    .reliable = (how & 1) != 0,
                                                    .demote_after = (how & 2) != 0 ? std::uint64_t{1000} : 0,
                                                    .name = "reader",
                                                    .placed = (how & 4) != 0},
                                                   (how & 4) != 0 ? 1 : kNone, 1);
  if (!port) return;
  place.reset(new Place{*port, node, shmbus::log::Reader(log_, *port), {}});
  if ((how & 8) != 0) damage(image_, input_);
  if ((how & 4) == 0) {
    place->reader.start(start());
  } else if (shmbus::log::adopt_subscriber(log_, *port, how)) {
    place->reader.adopt();
  } else {
    place.reset();
  }
}

void LogActors::read() {
  const std::uint8_t byte = input_.take();
  std::unique_ptr<Place>& place = places_[byte & 1];
  world_.begin_step();
  if (!place) return attach_reader(place);
  world_.be(place->node);
  shmbus::log::Reader& reader = place->reader;
  switch (byte >> 1 & 7) {
    case 0:
    case 1:
    case 2: {
      const std::size_t limit = byte >> 4 == 0 ? ~std::size_t{0} : byte >> 4;
      const std::size_t n = reader.poll([&](const EventRecord& record) { check(record); }, limit);
      require(n <= limit);
      break;
    }
    case 3:
      for (int i = 0; i < 4; ++i) reader.look();
      break;
    case 4:
      reader.ready();
      reader.count_handler_error();
      world_.to_ns(1, reader.block_opened());
      break;
    case 5:
      if (place->retained.size() < 32 && reader.ready()) {
        if (const int slot = reader.retain(); slot >= 0) place->retained.push_back(slot);
      }
      break;
    case 6:
      if (!place->retained.empty()) {
        reader.release(place->retained.back());
        place->retained.pop_back();
      }
      break;
    default:
      shmbus::log::detach_subscriber(log_, place->port);
      place.reset();
  }
}

void LogActors::attach_writer(std::unique_ptr<Desk>& desk) {
  const std::uint64_t node = next_node_++ % kMaxNode;
  world_.be(node);
  std::uint64_t owner = 0;
  if (log_.exclusive() && !shmbus::log::take_exclusive(log_, owner)) return;
  const auto port = shmbus::log::attach_publisher(log_);
  if (!port) return;
  desk.reset(new Desk{*port, node, shmbus::log::Writer(log_, *port), {}});
}

void LogActors::write() {
  static const std::array<std::byte, 4096> payload{};
  static constexpr shmbus::TraceContext trace{};
  static constexpr std::array<shmbus::EventHeader, 2> headers{{{"name", "value"}, {"name", ""}}};
  const std::uint8_t byte = input_.take();
  std::unique_ptr<Desk>& desk = desks_[byte & 1];
  world_.begin_step();
  if (!desk) return attach_writer(desk);
  world_.be(desk->node);
  shmbus::log::Writer& writer = desk->writer;
  const std::size_t size = input_.take() * std::size_t{17};
  switch (byte >> 1 & 7) {
    case 0: {
      std::array<std::span<const std::byte>, 300> payloads;
      for (std::size_t i = 0; i < payloads.size(); ++i)
        payloads[i] = std::span(payload).first(std::min(size / 16 + i % 5 * 9, payload.size()));
      shmbus::log::Batch batch{shmbus::detail::Payloads(std::span(payloads).first(1 + input_.take()))};
      const Status status = writer.publish_all(batch);
      require(batch.complete() == (status == Status::ok) && batch.published <= batch.payloads.count());
      break;
    }
    case 1:
    case 2: {
      const shmbus::log::RecordExtensions extensions{
          .trace = (byte & 2) != 0 ? &trace : nullptr,
          .headers = headers,
          .key = std::string_view(reinterpret_cast<const char*>(payload.data()), size % 200)};
      for (int i = byte >> 4; i >= 0; --i) {
        if (!writer.publish(std::span(payload).first(std::min(size, payload.size())),
                            (byte & 64) != 0 ? extensions : shmbus::log::RecordExtensions{}))
          break;
      }
      break;
    }
    case 3:
      if (Claim claim; !desk->loan && writer.claim(size, {.key = (byte & 64) != 0 ? "key" : ""}, claim) == Status::ok) {
        check(claim);
        std::memset(claim.payload, byte, claim.size);
        writer.open_loan(claim);
        desk->loan = claim;
      }
      break;
    case 4:
      if (desk->loan) {
        static_cast<void>(writer.commit_loan(*desk->loan, std::min(size, desk->loan->size)));
        desk->loan.reset();
      }
      break;
    case 5:
      if (desk->loan) {
        writer.abort_loan(*desk->loan);
        desk->loan.reset();
      }
      break;
    case 6: {
      std::optional<std::uint64_t> opened;
      static_cast<void>(shmbus::log::open_next(log_, log_.tail().load(), opened));
      break;
    }
    default:
      if (desk->loan) writer.drop_loan();
      shmbus::log::detach_publisher(log_, desk->port);
      if (log_.exclusive()) shmbus::log::leave_exclusive(log_);
      desk.reset();
  }
}

void LogActors::repair() {
  const std::uint8_t byte = input_.take();
  world_.begin_step();
  world_.be(7);
  const unsigned port = input_.take() % 64;
  switch (byte % 12) {
    case 0:
      shmbus::log::repair_all(log_);
      break;
    case 1:
      shmbus::log::repair_publisher(log_, port % 4);
      break;
    case 2:
      shmbus::log::repair_subscriber(log_, port % 4);
      break;
    case 3: {
      std::optional<std::uint32_t> physical;
      const auto status = shmbus::log::reserve(log_, input_.take<std::uint64_t>(), physical);
      require(!physical || (*physical < log_.geometry().physical_blocks && status == Status::ok));
      if (physical) shmbus::log::release(log_, *physical, false);
      break;
    }
    case 4: {  // as a rotation asks
      const std::uint64_t newest = log_.whole_number(log_.tail().load());
      std::optional<std::uint32_t> physical;
      if (newest != kNone) static_cast<void>(shmbus::log::reserve(log_, newest + 1, physical));
      require(!physical || *physical < log_.geometry().physical_blocks);
      if (physical) shmbus::log::release(log_, *physical, (byte & 16) != 0);
      break;
    }
    case 5:
      shmbus::log::gated(log_, input_.take());
      shmbus::log::gated_by(log_, port);
      break;
    case 6:
      shmbus::log::next_demotion(log_);
      shmbus::log::number_in_use(log_, input_.take());
      break;
    case 7:
      shmbus::log::pinned(log_, port % log_.geometry().physical_blocks);
      break;
    case 8:
      shmbus::log::holder_of(log_, log_.publisher(port % 4).words.where.load(), port % log_.geometry().physical_blocks);
      break;
    case 9:
      shmbus::log::withdraw_port(log_, port, input_.take() % kMaxNode, input_.take());
      break;
    case 10:
      log_.wake_publishers();
      log_.wake_subscribers();
      break;
    default:
      shmbus::log::adopt_subscriber(log_, port, input_.take());
  }
}

}  // namespace fuzz
