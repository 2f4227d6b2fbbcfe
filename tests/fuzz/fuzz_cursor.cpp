// Opening a durable name whose record and cursor hold any bytes: an error, or a position that the topic has.

#include <cstdlib>
#include <cstring>
#include <string>

#include "base/bus_name.hpp"
#include "durable/durable_files.hpp"
#include "fuzz/segment_folder.hpp"
#include "layout/cursor.hpp"
#include "shmbus/bus.hpp"
#include "shmbus/error.hpp"
#include "shmbus/inspector.hpp"

namespace {

using namespace shmbus;
using layout::CursorHeader;
using layout::CursorWord;
using layout::DurableHeader;

constexpr std::uint64_t kEvents = 20;
const SubscriberOptions kAudit{.start = Start::oldest(), .durable = "audit", .acknowledge = Acknowledge::manual};

Bus& bus() {
  static Bus bus = Bus::open(fuzz::bus_name());
  return bus;
}

struct Files {
  fuzz::SegmentCopy record, cursor;
};

/// A name that has acknowledged half of a topic's events.
Files* make_files() {
  Publisher publisher = bus().publisher("work", {.block_size = 4096, .blocks = 2});
  for (std::uint64_t i = 0; i < kEvents; ++i) publisher.publish("work");
  {
    Subscriber subscriber = bus().subscriber("work", kAudit);
    subscriber.poll([&](const Event& event) {
      if (event.sequence() <= kEvents / 2) subscriber.acknowledge(event);
    });
  }
  const base::BusName name(fuzz::bus_name());
  const base::DurableName audit("audit");
  const auto cursors = durable::list_cursors(name, audit);
  if (cursors.size() != 1) std::abort();
  return new Files{{"/dev/shm/" + name.durable_file(audit), {{0, 512}, {512, 512}}},
                   {"/dev/shm/" + name.cursor_file(cursors.front()), {{0, 512}, {512, 1024}}}};
}

constexpr std::uint16_t kRecordFields[] = {offsetof(DurableHeader, magic),       offsetof(DurableHeader, version),
                                           offsetof(DurableHeader, header_size), offsetof(DurableHeader, bus),
                                           offsetof(DurableHeader, mode),        offsetof(DurableHeader, name),
                                           offsetof(DurableHeader, pattern),     offsetof(DurableHeader, checksum)};
constexpr std::uint16_t kStateFields[] = {0};
constexpr std::uint16_t kCursorFields[] = {offsetof(CursorHeader, magic),       offsetof(CursorHeader, version),
                                           offsetof(CursorHeader, header_size), offsetof(CursorHeader, bus),
                                           offsetof(CursorHeader, topic),       offsetof(CursorHeader, mode),
                                           offsetof(CursorHeader, durable),     offsetof(CursorHeader, checksum)};
constexpr std::uint16_t kWordFields[] = {offsetof(CursorWord, generation), offsetof(CursorWord, acknowledged),
                                         offsetof(CursorWord, checksum), 512 + offsetof(CursorWord, generation),
                                         512 + offsetof(CursorWord, acknowledged)};

/// Gives changed bytes the checksum that fits them, so that the checks behind it are met, too.
template <class T>
void fit_checksum(std::span<std::byte> bytes, std::uint64_t seed) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  value.checksum = layout::checksum_of(value, offsetof(T, checksum), seed);
  std::memcpy(bytes.data(), &value, sizeof value);
}

void damage(Files& files, fuzz::Input& input) {
  for (int i = input.take<std::uint8_t>() & 3; i > 0; --i) {
    switch (input.take<std::uint8_t>() & 3) {
      case 0:
        fuzz::damage(files.record.range(0), kRecordFields, input);
        if (input.chance()) fit_checksum<DurableHeader>(files.record.range(0), 0);
        break;
      case 1:
        fuzz::damage(files.record.range(1), kStateFields, input);
        break;
      case 2:
        fuzz::damage(files.cursor.range(0), kCursorFields, input);
        if (input.chance()) fit_checksum<CursorHeader>(files.cursor.range(0), 0);
        break;
      default:
        fuzz::damage(files.cursor.range(1), kWordFields, input);
        if (input.chance())
          fit_checksum<CursorWord>(files.cursor.range(1).subspan(input.chance() ? 512 : 0),
                                   bus().find_topic("work")->id);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Files* const files = make_files();
  fuzz::Input input(data, size);
  files->record.restore();
  files->cursor.restore();
  const std::uint8_t how = input.take();
  if ((how & 15) == 15) {
    ((how & 16) != 0 ? files->record : files->cursor).cut(input.take<std::uint16_t>() % 5000);
  } else {
    damage(*files, input);
  }
  try {
    for (const DurableSnapshot& durable : Inspector(fuzz::bus_name()).durables()) {
      for (const DurableTopicSnapshot& topic : durable.topics) {
        if (topic.behind > kEvents) std::abort();
      }
    }
    Inspector(fuzz::bus_name()).leftovers();
    Subscriber subscriber = bus().subscriber("work", kAudit);
    std::uint64_t last = 0;
    subscriber.poll([&](const Event& event) {
      if (event.sequence() <= last || event.sequence() > kEvents) std::abort();
      last = event.sequence();
      if ((how & 32) != 0) subscriber.acknowledge(event);
    });
    if (subscriber.lost() != 0) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
