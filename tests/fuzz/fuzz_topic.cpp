// Attaching to a topic's control segment and log of any bytes and sizes, for publishing, for subscribing and as an
// inspector; then using it through the real environment.

#include <cstdlib>
#include <memory>
#include <optional>

#include "base/bus_name.hpp"
#include "fuzz/segment_folder.hpp"
#include "log/ports.hpp"
#include "log/reader.hpp"
#include "log/repair.hpp"
#include "log/writer.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"
#include "topic/topic_segment.hpp"

namespace {

using namespace shmbus::base;
using namespace shmbus::registry;
using shmbus::layout::BlockEntry;
using shmbus::layout::Geometry;
using shmbus::layout::kPage;
using shmbus::layout::RingEntry;
using shmbus::layout::TopicHeader;
using shmbus::platform::Access;
using shmbus::topic::TopicSegment;

constexpr std::uint64_t kBlockSize = 4096;
constexpr std::uint32_t kBlocks = 2;
constexpr Geometry kGeometry = Geometry::of(kBlockSize, kBlocks, true, 8);

/// A topic that was used, and a node that lives for as long as the process.
struct Setting {
  Setting() {
    shmbus::Bus bus = shmbus::Bus::open(fuzz::bus_name(), {.stall_limit = std::chrono::milliseconds{1}});
    std::optional<shmbus::Publisher> publisher = bus.publisher("t", {.block_size = kBlockSize, .blocks = kBlocks});
    const shmbus::Subscriber subscriber = bus.subscriber("t");
    for (int i = 0; i < 100; ++i) static_cast<void>(publisher->publish("a hundred events of some thirty bytes"));
    const BusName bus_name(fuzz::bus_name());
    member = Membership::of(Registry::find(bus_name, Access::read_write, {}));
    // The copies replace the originals, whose members leave now. The copies look as if those members had died.
    const std::string folder = "/dev/shm/";
    control = std::make_unique<fuzz::SegmentCopy>(
        folder + bus_name.control_file(TopicName("t")),
        std::vector<fuzz::Range>{{0, kPage},
                                 {kPage, 4 * sizeof(shmbus::layout::PublisherPort)},
                                 {offsetof(TopicHeader, subscriber_ports), 4 * sizeof(shmbus::layout::SubscriberPort)},
                                 {sizeof(TopicHeader), kPage},
                                 {kGeometry.block_table_offset, 16 * sizeof(BlockEntry)}});
    for (const std::string& name : shmbus::platform::SegmentFile::list(bus_name.file_prefix() + "t.log."))
      log = std::make_unique<fuzz::SegmentCopy>(folder + name, std::vector<fuzz::Range>{{0, 8 * kBlockSize}});
  }

  Membership member;
  std::unique_ptr<fuzz::SegmentCopy> control, log;
};

constexpr std::uint16_t kHeaderFields[] = {
    offsetof(TopicHeader, magic),       offsetof(TopicHeader, version),       offsetof(TopicHeader, header_size),
    offsetof(TopicHeader, bus),         offsetof(TopicHeader, control_size),  offsetof(TopicHeader, log_size),
    offsetof(TopicHeader, block_size),  offsetof(TopicHeader, blocks),        offsetof(TopicHeader, physical_blocks),
    offsetof(TopicHeader, alignment),   offsetof(TopicHeader, record_header), offsetof(TopicHeader, timestamps),
    offsetof(TopicHeader, exclusive),   offsetof(TopicHeader, mode),          offsetof(TopicHeader, name),
    offsetof(TopicHeader, type_owner),  offsetof(TopicHeader, type_hash),     offsetof(TopicHeader, options),
    offsetof(TopicHeader, type_name),   offsetof(TopicHeader, type_layout),   offsetof(TopicHeader, type_fields),
    offsetof(TopicHeader, words.tail),  offsetof(TopicHeader, words.waiters), offsetof(TopicHeader, words.attention),
    offsetof(TopicHeader, publishers),  offsetof(TopicHeader, gated),         offsetof(TopicHeader, exclusive_owner),
    offsetof(TopicHeader, subscribers), offsetof(TopicHeader, backed),        offsetof(TopicHeader, free_hint)};
constexpr std::uint16_t kPublisherFields[] = {0, 8, 128, 136, 256, 264, 384};
constexpr std::uint16_t kSubscriberFields[] = {0, 8, 64, 128, 136, 144, 152, 160, 168, 192, 256, 384};
constexpr std::uint16_t kRingFields[] = {0, 8};
constexpr std::uint16_t kEntryFields[] = {0, 8, 16, 24, 32, 40, 64, 72, 80, 104, 128, 136, 144, 168};
constexpr std::uint16_t kLogFields[] = {0, 8, 64, 72, 4096, 4104, 8192, 8200, 12288, 12296};

void damage(const Setting& setting, fuzz::Input& input) {
  const std::uint8_t where = input.take();
  switch (where % 8) {
    case 0:
    case 1:
    case 2:
      return fuzz::damage(setting.control->range(0), kHeaderFields, input);
    case 3:
      return fuzz::damage(setting.control->range(1), kPublisherFields, input);
    case 4:
      return fuzz::damage(setting.control->range(2), kSubscriberFields, input);
    case 5:
      return fuzz::damage(setting.control->range(3), kRingFields, input);
    case 6:
      return fuzz::damage(setting.control->range(4), kEntryFields, input);
    default:
      return fuzz::damage(setting.log->range(0), kLogFields, input);
  }
}

void read(const std::shared_ptr<TopicSegment>& segment, const Setting& setting, fuzz::Input& input) {
  shmbus::log::BlockLog& log = segment->log();
  const auto port =
      shmbus::log::attach_subscriber(log, {.node = segment->self(), .reliable = input.chance()}, shmbus::log::kNone, 0);
  if (!port) return;
  shmbus::log::Reader reader(log, *port);
  reader.start(input.chance() ? shmbus::Start::oldest() : shmbus::Start::last(input.take()));
  for (int i = 0; i < 3; ++i) {
    reader.poll(
        [&](const shmbus::detail::EventRecord& record) {
          for (std::size_t at = 0; at < record.size; ++at)
            static_cast<void>(*static_cast<const volatile std::byte*>(record.payload + at));
          segment->to_ns(record.stamp, reader.block_opened());
        },
        1000);
    reader.look();
    if (!input.empty()) damage(setting, input);
  }
  shmbus::log::detach_subscriber(log, *port);
}

void write(const std::shared_ptr<TopicSegment>& segment, const Setting& setting, fuzz::Input& input) {
  static const std::byte payload[kBlockSize]{};
  shmbus::log::BlockLog& log = segment->log();
  std::uint64_t owner = 0;
  if (log.exclusive() && !shmbus::log::take_exclusive(log, owner)) return;
  const auto port = shmbus::log::attach_publisher(log);
  if (!port) return;
  shmbus::log::Writer writer(log, *port);
  for (int i = 0; i < 8; ++i) {
    const std::size_t size = std::min<std::size_t>(input.take() * std::size_t{16}, sizeof payload);
    if (!writer.publish(std::span(payload).first(size))) break;
    if (i % 4 == 3 && !input.empty()) damage(setting, input);
  }
  shmbus::log::detach_publisher(log, *port);
  if (log.exclusive()) shmbus::log::leave_exclusive(log);
}

void use(const std::shared_ptr<TopicSegment>& segment, const Setting& setting, fuzz::Input& input) {
  const shmbus::TopicInfo info = segment->info();
  if (info.block_size != segment->log().block_size()) std::abort();
  const std::uint8_t how = input.take();
  if ((how & 1) != 0) segment->place_subscribers();
  if ((how & 2) != 0) segment->withdraw_orphans();
  if ((how & 4) != 0) shmbus::log::repair_all(segment->log());
  if ((how & 8) != 0)
    segment->adopt_type((how & 16) != 0 ? shmbus::TypeInfo{"type", 8, 8, 1, "a:long@0+8;"} : shmbus::TypeInfo{});
  read(segment, setting, input);
  write(segment, setting, input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Setting& setting = *new Setting;
  fuzz::Input input(data, size);
  setting.control->restore();
  setting.log->restore();
  const std::uint8_t how = input.take();
  if (how >= 0xf0) setting.control->cut(input.take<std::uint16_t>() * std::uint64_t{3});
  if (how >= 0xe0 && how < 0xf0) setting.log->cut(input.take<std::uint16_t>() * std::uint64_t{97});
  if (how >= 0xd8 && how < 0xe0) fuzz::overwrite(setting.control->range(how % 5), input);
  if (how < 0xd8) {
    for (int i = how & 7; i > 0; --i) damage(setting, input);
  }
  try {
    if ((how & 8) != 0) shmbus::Inspector(fuzz::bus_name()).snapshot();
    const Access access = (how & 16) != 0 ? Access::read_write : Access::read_only;
    const auto segment = TopicSegment::find(setting.member, TopicName("t"), access);
    if (segment && segment->has_expected_sizes()) {
      if (access == Access::read_write)
        use(segment, setting, input);
      else
        read(segment, setting, input);
    }
  } catch (const shmbus::Error&) {
  }
  return 0;
}
