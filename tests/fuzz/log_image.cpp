#include "fuzz/log_image.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "fuzz/virtual_world.hpp"
#include "log/ports.hpp"
#include "log/reader.hpp"
#include "log/rotation.hpp"
#include "log/writer.hpp"
#include "layout/claim_word.hpp"

namespace fuzz {

using shmbus::layout::BlockEntry;
using shmbus::layout::ClaimWord;
using shmbus::layout::Geometry;
using shmbus::layout::kFurtherSequencesShift;
using shmbus::layout::kNone;
using shmbus::layout::kPage;
using shmbus::layout::RecordMeta;
using shmbus::layout::RingEntry;
using shmbus::layout::TailFormat;
using shmbus::layout::TopicHeader;
using shmbus::log::BlockLog;
using State = ImageKind::State;

namespace {

Geometry geometry_of(const ImageKind& kind) {
  Geometry g = Geometry::of(4096, kind.blocks, kind.timestamps, kind.alignment);
  g.physical_blocks = kind.blocks + kSpares;
  g.control_size = Geometry::round_up(g.block_table_offset + g.physical_blocks * sizeof(BlockEntry), kPage);
  g.log_size = g.physical_blocks * g.block_size;
  return g;
}

/// One allocation for all runs of one size, so that it has its own redzones.
std::byte* memory_of(std::size_t size) {
  static auto& known = *new std::vector<std::pair<std::size_t, std::byte*>>;  // outlives the leak check
  for (const auto& [bytes, at] : known) {
    if (bytes == size) return at;
  }
  auto* at = static_cast<std::byte*>(std::aligned_alloc(kPage, size));
  if (at == nullptr) throw std::bad_alloc();
  known.emplace_back(size, at);
  return at;
}

/// None, or some of the existing kinds.
shmbus::log::RecordExtensions extensions_of(int event) noexcept {
  static constexpr shmbus::TraceContext trace{};
  static constexpr std::array<shmbus::EventHeader, 3> headers{{{"name", "value"}, {"empty", ""}, {"name", "again"}}};
  switch (event % 4) {
    case 1:
      return {.trace = &trace, .headers = headers, .key = "key"};
    case 2:
      return {.headers = headers};
    default:
      return {};
  }
}

/// Three publishers and three readers that left, one reader that stays; events in several blocks, and an open claim.
void use(LogImage& image) {
  Input none(nullptr, 0);
  VirtualWorld world(image, none);
  BlockLog log(image.control(), image.blocks(), image.geometry(), world);
  std::array<std::byte, 900> payload{};
  const auto publish = [&](std::uint64_t node, int events) {
    world.be(node);
    std::uint64_t owner = 0;
    if (log.exclusive() && !shmbus::log::take_exclusive(log, owner)) std::abort();
    const unsigned port = shmbus::log::attach_publisher(log).value();
    shmbus::log::Writer writer(log, port);
    for (int i = 0; i < events; ++i)
      writer.publish(std::span(payload).first(static_cast<std::size_t>(i) * 40 % 900), extensions_of(i));
    return port;
  };
  world.be(1);
  shmbus::log::detach_publisher(log, publish(1, 20));
  if (log.exclusive()) shmbus::log::leave_exclusive(log);
  if (image.kind().state != State::busy) return;

  const auto read = [&](std::uint64_t node, bool reliable, std::size_t limit) {
    world.be(node);
    const unsigned port = shmbus::log::attach_subscriber(
                              log, {.node = node, .bell = node, .reliable = reliable, .name = "reader"}, kNone, 0)
                              .value();
    shmbus::log::Reader reader(log, port);
    reader.start(shmbus::Start::oldest());
    reader.poll([](const shmbus::detail::EventRecord&) {}, limit);
    reader.retain();
  };
  read(3, false, 2);
  read(4, true, 10);
  publish(5, 3);
  if (log.exclusive()) return;
  world.be(6);
  shmbus::log::Writer writer(log, shmbus::log::attach_publisher(log).value());
  shmbus::detail::Claim claim;
  static_cast<void>(writer.claim(64, {.key = "key"}, claim));
}

/// Undamaged logs, made once each.
const std::vector<std::byte>& undamaged(const ImageKind& kind, LogImage& image) {
  static std::array<std::vector<std::byte>, 64> made;
  auto& bytes = made[(kind.exclusive ? 1u : 0u) | (kind.timestamps ? 2u : 0u) | (kind.alignment == 64 ? 4u : 0u) |
                     (kind.blocks == 2 ? 8u : 0u) | static_cast<unsigned>(kind.state) << 4];
  if (!bytes.empty()) return bytes;
  const Geometry& g = image.geometry();
  std::memset(image.control(), 0, g.control_size);
  std::memset(image.blocks(), 0, g.log_size);
  auto& header = *static_cast<TopicHeader*>(image.control());
  header.seed = 0x5eed;
  header.timestamps = kind.timestamps;
  header.exclusive = kind.exclusive;
  BlockLog::format(image.control(), g);
  if (kind.state != State::fresh) use(image);
  bytes.resize(g.control_size + g.log_size);
  std::memcpy(bytes.data(), image.control(), g.control_size);
  std::memcpy(bytes.data() + g.control_size, image.blocks(), g.log_size);
  return bytes;
}

void tile(std::byte* at, std::size_t size, std::span<const std::uint8_t> with) {
  if (with.empty()) {
    std::memset(at, 0xff, size);
    return;
  }
  std::size_t done = std::min(size, with.size());
  std::memcpy(at, with.data(), done);
  for (std::size_t n; done < size; done += n) {
    n = std::min(done, size - done);
    std::memcpy(at + done, at, n);
  }
}

}  // namespace

LogImage::LogImage(ImageKind kind, Input& input)
    : kind_(kind),
      geometry_(geometry_of(kind)),
      control_(memory_of(geometry_.control_size)),
      blocks_(memory_of(geometry_.log_size)) {
  if (kind.state == State::arbitrary) {
    tile(static_cast<std::byte*>(control_), geometry_.control_size, input.rest());
    tile(blocks_, geometry_.log_size, input.rest());
    return;
  }
  const auto& bytes = undamaged(kind, *this);
  std::memcpy(control_, bytes.data(), geometry_.control_size);
  std::memcpy(blocks_, bytes.data() + geometry_.control_size, geometry_.log_size);
}

namespace {

class Damage {
 public:
  Damage(const LogImage& image, Input& input) noexcept
      : geometry_(image.geometry()),
        format_(geometry_.block_size),
        control_(static_cast<std::byte*>(image.control())),
        blocks_(image.blocks()),
        header_(*static_cast<TopicHeader*>(image.control())),
        input_(input) {}

  void apply() noexcept {
    std::atomic<std::uint64_t>& word = field();
    word.store(value(word.load(std::memory_order_relaxed)), std::memory_order_relaxed);
  }

 private:
  using Word = std::atomic<std::uint64_t>;

  Word& word_in(std::byte* memory, std::size_t size) noexcept {
    return *reinterpret_cast<Word*>(memory + input_.take<std::uint32_t>() % (size / 8) * 8);
  }
  BlockEntry& entry(std::uint32_t i) noexcept {
    return reinterpret_cast<BlockEntry*>(control_ + geometry_.block_table_offset)[i % geometry_.physical_blocks];
  }
  Word& ring(std::uint32_t i) noexcept {
    return reinterpret_cast<Word*>(control_ + sizeof(TopicHeader))[i % geometry_.blocks];
  }
  Word& free_map() noexcept {
    const std::uint64_t size = geometry_.block_table_offset - geometry_.free_map_offset;
    return *reinterpret_cast<Word*>(control_ + geometry_.free_map_offset + input_.below(4) * 8 % size);
  }
  std::uint32_t physical() noexcept { return input_.below(geometry_.physical_blocks); }

  Word& field() noexcept {
    const std::uint8_t which = input_.take();
    auto& publisher = header_.publisher_ports[which / 16 % 4];
    auto& subscriber = header_.subscriber_ports[which / 16 % 4];
    switch (which % 16) {
      case 0:
        return header_.words.tail;
      case 1:
        return which >= 128 ? free_map() : ring(which / 16);
      case 2:
        return *reinterpret_cast<Word*>(reinterpret_cast<std::byte*>(&entry(which / 16)) + input_.below(6) * 8);
      case 3:
        return publisher.words.where;
      case 4:
        return publisher.words.what;
      case 5:
        return publisher.owner;
      case 6:
        return subscriber.words.pin;
      case 7:
        return subscriber.retained[input_.below(8)];
      case 8:
        return subscriber.owner;
      case 9:
        return *reinterpret_cast<Word*>(reinterpret_cast<std::byte*>(&subscriber.subscription) + input_.below(5) * 8);
      case 10:
        return *reinterpret_cast<Word*>(reinterpret_cast<std::byte*>(&header_.words.waiters) + input_.below(2) * 8);
      case 11:  // bitmaps, exclusive owner, backed and hints
        return *reinterpret_cast<Word*>(reinterpret_cast<std::byte*>(&header_.publishers) + input_.below(10) * 8);
      case 12:
      case 13: {  // where a record begins, or could
        const std::size_t offset = (input_.take<std::uint16_t>() % (geometry_.block_size / 8)) * 8;
        return *reinterpret_cast<Word*>(blocks_ + std::size_t{which / 16u % geometry_.physical_blocks} * 4096 + offset);
      }
      case 14:
        return word_in(blocks_, geometry_.log_size);
      default:
        return word_in(control_, geometry_.control_size);
    }
  }

  std::uint64_t value(std::uint64_t before) noexcept {
    const std::uint8_t kind = input_.take();
    switch (kind % 14) {
      case 0:
        return input_.take<std::uint64_t>();
      case 1:
        return input_.take();
      case 2:
        return kNone - input_.take();
      case 3:
        return before + input_.take();
      case 4:
        return before - input_.take();
      case 5:
        return before ^ std::uint64_t{1} << (input_.take() & 63);
      case 6:  // a tail
        return format_.make(input_.take(), input_.take<std::uint16_t>() % 8200, input_.take());
      case 7:
        return RingEntry(input_.take(), physical()).word();
      case 8:
        return RingEntry(input_.take<std::uint64_t>(), input_.take<std::uint32_t>() & RingEntry::kNoBlock).word();
      case 9: {
        const std::uint64_t tail =
            input_.chance() ? header_.words.tail.load() : header_.publisher_ports[0].words.where.load();
        const bool padding = input_.chance();
        const unsigned events = 1 + (input_.chance() ? input_.below(8) : 0u);  // a batch, half the time
        return ClaimWord(tail, physical(), padding, input_.take<std::uint16_t>() % 8200, events).word();
      }
      case 10:
        return entry(physical()).key.load() ^ (input_.chance() ? ~std::uint64_t{0} : 0);
      case 11: {  // flags, and the sequences of an aborted record
        const std::uint16_t size = input_.take<std::uint16_t>() % 8200u;
        const std::uint32_t further = input_.chance() ? input_.below(256) << kFurtherSequencesShift : 0u;
        return RecordMeta{size, 0, static_cast<std::uint16_t>(input_.below(8) | further)}.word();
      }
      case 12:  // an owner word: node and flags
        return (input_.take() % kMaxNode) | std::uint64_t{input_.below(4)} << 62;
      default:
        return header_.words.tail.load() + (std::uint64_t{input_.below(3)} << 20);
    }
  }

  const Geometry& geometry_;
  TailFormat format_;
  std::byte* control_;
  std::byte* blocks_;
  TopicHeader& header_;
  Input& input_;
};

}  // namespace

void damage(const LogImage& image, Input& input) noexcept { Damage(image, input).apply(); }

}  // namespace fuzz
