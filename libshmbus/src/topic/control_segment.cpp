#include "topic/control_segment.hpp"

#include <bit>
#include <utility>

#include "layout/constants.hpp"
#include "layout/segment_checks.hpp"
#include "platform/system_error.hpp"
#include "shmbus/error.hpp"
#include "topic/topic_type.hpp"

namespace shmbus::topic {

using layout::Geometry;
using layout::TopicHeader;
using platform::Access;
using platform::SegmentFile;
using platform::SparseMapping;

namespace {

/// Returns where a journaled topic's words lie; 0 where it has no journal. The directory was checked.
std::uint64_t find_journal(const TopicHeader& h, const std::string& object) {
  if ((layout::load_once(h.incompatible_flags) & layout::kJournaled) == 0) return 0;
  for (const layout::ExtensionEntry& entry : h.extensions) {
    if (layout::load_once(entry.id) == layout::kJournalExtension &&
        layout::load_once(entry.size) == sizeof(layout::JournalWords))
      return layout::load_once(entry.offset);
  }
  throw Error(ErrorCode::corrupt,
              {object, "a part for its journal", "none", "somebody overwrote it: remove the topic"});
}

/// Copies what a header records, and checks it.
TopicRecord check_topic_header(const TopicHeader& h, std::uint64_t file_size, const std::string& object) {
  layout::check_header(
      {layout::load_once(h.magic), layout::kTopicMagic, layout::load_once(h.version), layout::load_once(h.header_size),
       sizeof(TopicHeader), layout::load_once(h.incompatible_flags), layout::kJournaled},
      object);
  const std::uint64_t block_size = layout::load_once(h.block_size);
  const std::uint32_t blocks = layout::load_once(h.blocks), alignment = layout::load_once(h.alignment),
                      timestamps = layout::load_once(h.timestamps);
  const bool sane = std::has_single_bit(block_size) && block_size >= layout::kMinBlockSize &&
                    block_size <= layout::kMaxBlockSize && std::has_single_bit(blocks) &&
                    blocks >= layout::kMinBlocks && blocks <= layout::kMaxBlocks && std::has_single_bit(alignment) &&
                    alignment >= 8 && alignment <= 256 && timestamps <= 1 && layout::load_once(h.exclusive) <= 1;
  const std::uint64_t control_size = layout::load_once(h.control_size);
  const Geometry g = sane ? Geometry::of(block_size, blocks, timestamps != 0, alignment) : Geometry{};
  if (!sane || layout::load_once(h.physical_blocks) != g.physical_blocks ||
      layout::load_once(h.record_header) != g.record_header || control_size < g.control_size ||
      layout::load_once(h.log_size) != g.log_size) {
    throw Error(ErrorCode::corrupt,
                {object, "sizes that fit each other", "sizes that do not", "somebody overwrote it: remove the topic"});
  }
  layout::check_size(file_size, control_size, object);
  layout::check_extensions(h.extensions, g.control_size, control_size, object);
  const std::uint64_t journal = find_journal(h, object);
  return {g,
          layout::load_once(h.bus),
          layout::load_once(h.id),
          layout::load_once(h.log_node),
          layout::load_once(h.mode),
          0,
          control_size,
          journal};
}

}  // namespace

std::optional<ControlSegment> ControlSegment::open(const base::BusName& bus, const base::TopicName& topic,
                                                   Access access, const std::vector<uid_t>& owners) {
  const std::string object = topic.object();
  auto file = SegmentFile::open(bus.control_file(topic), access, object);
  if (!file) return std::nullopt;
  const platform::FileState state = file->state();
  layout::check_owner(state, owners, object);
  layout::check_version(*file, layout::kTopicMagic, object);
  if (state.size < sizeof(TopicHeader)) layout::check_size(state.size, sizeof(TopicHeader), object);
  SparseMapping mapping(*file, access, state.size, object);
  mapping.expose_begin(sizeof(TopicHeader), object);
  const auto& header = *reinterpret_cast<const TopicHeader*>(mapping.address());
  const TopicRecord recorded = check_topic_header(header, state.size, object);
  // An inspector needs none of the rights that the mode gives.
  if (access == Access::read_write) layout::check_mode(state, layout::control_mode(recorded.mode), object);
  layout::check_name(header.name.load(), topic.text(), object);
  mapping.expose_begin(recorded.geometry.block_table_offset, object);
  if (recorded.journal != 0 && !mapping.expose(recorded.journal, sizeof(layout::JournalWords)))
    throw platform::no_room(object, sizeof(layout::JournalWords), "free memory, and try again");
  return ControlSegment{std::move(*file), std::move(mapping), recorded};
}

void describe_type(const TopicHeader& header, TopicInfo& info) {
  RecordedType type = recorded_type(header);
  if (type.hash == 0) return;
  info.content = type.hash == TypeInfo::kRawBytes ? Content::raw : Content::typed;
  info.type_name = std::move(type.name);
  info.type_size = type.size;
  info.type_alignment = type.alignment;
  info.type_layout = type.layout;
  info.type_fields = std::move(type.fields);
}

namespace {

void describe_journal(const layout::JournalWords& words, TopicInfo& info) {
  const std::chrono::nanoseconds period(layout::load_once(words.interval_ns));
  switch (layout::load_once(words.sync)) {
    case layout::JournalSync::page_cache:
      info.journal = Journal::page_cache();
      break;
    case layout::JournalSync::interval:
      info.journal = Journal::interval(period);
      break;
    default:
      info.journal = Journal::batch();
  }
  info.retain = {layout::load_once(words.retain_bytes),
                 std::chrono::nanoseconds(layout::load_once(words.retain_age_ns)),
                 layout::load_once(words.retain_acknowledged) != 0};
  info.when_behind = layout::load_once(words.skip_when_behind) != 0 ? WhenBehind::skip : WhenBehind::hold;
  info.unrecorded_limit = std::chrono::nanoseconds(layout::load_once(words.unrecorded_limit_ns));
  info.segment_file = layout::load_once(words.file_bytes);
  info.first_sequence = layout::load_once(words.first_sequence);
}

}  // namespace

TopicInfo topic_info(const TopicHeader& h, const Geometry& g, const layout::JournalWords* journal) {
  TopicInfo info;
  info.name = h.name.load();
  info.id = h.id;
  info.block_size = g.block_size;
  info.blocks = g.blocks;
  info.max_payload = g.max_payload;
  info.timestamps = h.timestamps != 0;
  info.writers = h.exclusive != 0 ? Writers::exclusive : Writers::shared;
  info.mode = h.mode;
  const std::uint32_t options = layout::load_once(h.options);
  info.reserved = (options & layout::kReserved) != 0;
  info.accepts_raw = (options & layout::kAcceptsRaw) != 0;
  describe_type(h, info);
  if (journal != nullptr) describe_journal(*journal, info);
  return info;
}

}  // namespace shmbus::topic
