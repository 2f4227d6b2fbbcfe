#include "c/topic.hpp"

#include <string>

#include "c/bus.hpp"
#include "c/option_struct.hpp"
#include "c/values.hpp"
#include "shmbus/pattern.hpp"

using namespace shmbus;

namespace shmbus::c {

namespace {

Journal journal(const shmbus_topic_options& o) {
  check_choice("journal", o.journal, SHMBUS_JOURNAL_BATCH);
  switch (o.journal) {
    case SHMBUS_JOURNAL_PAGE_CACHE:
      return Journal::page_cache();
    case SHMBUS_JOURNAL_INTERVAL:
      return Journal::interval(std::chrono::nanoseconds(o.journal_interval));
    case SHMBUS_JOURNAL_BATCH:
      return Journal::batch();
    default:
      return Journal::none();
  }
}

}  // namespace

std::string different_text(const std::vector<DifferentOption>& options) {
  std::string text;
  for (const DifferentOption& option : options) {
    if (!text.empty()) text += "; ";
    text += option.name + ": asked " + option.asked + ", found " + option.found;
  }
  return text;
}

TopicOptions topic_options(const shmbus_topic_options* options) {
  const shmbus_topic_options o = given(options, shmbus_topic_options SHMBUS_TOPIC_OPTIONS_INIT, "shmbus_topic_options");
  check_choice("writers", o.writers, SHMBUS_WRITERS_EXCLUSIVE);
  check_choice("when_behind", o.when_behind, SHMBUS_BEHIND_SKIP);
  return {.block_size = o.block_size,
          .blocks = o.blocks,
          .reserve = o.reserve,
          .timestamps = !o.no_timestamps,
          .writers = o.writers == SHMBUS_WRITERS_EXCLUSIVE ? Writers::exclusive : Writers::shared,
          .mode = o.mode,
          .group = text_or_empty(o.group),
          .accept_raw = o.accept_raw,
          .strict = o.strict,
          .journal = journal(o),
          .retain = {.bytes = o.retain_bytes,
                     .age = std::chrono::nanoseconds(o.retain_age),
                     .acknowledged = o.retain_unacknowledged},
          .when_behind = o.when_behind == SHMBUS_BEHIND_SKIP ? WhenBehind::skip : WhenBehind::hold,
          .unrecorded_limit = std::chrono::nanoseconds(o.unrecorded_limit),
          .segment_file = o.segment_file};
}

void write_info(const TopicInfo& info, shmbus_topic_info* to) {
  shmbus_topic_info result SHMBUS_TOPIC_INFO_INIT;
  copy(info.name, result.name);
  result.id = info.id;
  result.block_size = info.block_size;
  result.blocks = info.blocks;
  result.max_payload = info.max_payload;
  result.writers = info.writers == Writers::exclusive ? SHMBUS_WRITERS_EXCLUSIVE : SHMBUS_WRITERS_SHARED;
  result.mode = info.mode;
  static_assert(static_cast<int>(Content::raw) == SHMBUS_CONTENT_RAW &&
                static_cast<int>(Content::typed) == SHMBUS_CONTENT_TYPED);
  result.content = static_cast<std::uint32_t>(info.content);
  static_assert(static_cast<int>(Journal::Kind::interval) == SHMBUS_JOURNAL_INTERVAL &&
                static_cast<int>(Journal::Kind::batch) == SHMBUS_JOURNAL_BATCH);
  result.journal = static_cast<std::uint32_t>(info.journal.kind());
  result.timestamps = info.timestamps;
  result.reserved = info.reserved;
  result.accepts_raw = info.accepts_raw;
  result.first_sequence = info.first_sequence;
  result.type_size = info.type_size;
  result.type_alignment = info.type_alignment;
  result.type_layout = info.type_layout;
  copy(info.type_name, result.type_name);
  copy(info.type_fields, result.type_fields);
  copy(different_text(info.different), result.different);
  result.retain_bytes = info.retain.bytes;
  result.retain_age = info.retain.age.count();
  result.retain_unacknowledged = info.retain.acknowledged;
  result.journal_interval = info.journal.period().count();
  result.unrecorded_limit = info.unrecorded_limit.count();
  result.segment_file = info.segment_file;
  result.when_behind = info.when_behind == WhenBehind::skip ? SHMBUS_BEHIND_SKIP : SHMBUS_BEHIND_HOLD;
  write_result(result, to, "shmbus_topic_info");
}

}  // namespace shmbus::c

shmbus_status shmbus_topic_open(shmbus_bus bus, const char* topic, const shmbus_topic_options* options,
                                shmbus_topic_info* info) {
  if (topic == nullptr) return c::invalid_argument("topic");
  return c::with_bus(bus, [&](Bus& b) {
    const TopicInfo found = b.topic(topic, c::topic_options(options));
    if (info != nullptr) c::write_info(found, info);
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_topic_find(shmbus_bus bus, const char* topic, shmbus_topic_info* info) {
  if (topic == nullptr) return c::invalid_argument("topic");
  return c::with_bus(bus, [&](Bus& b) {
    const auto found = b.find_topic(topic);
    if (!found) {
      return c::fail(SHMBUS_NOT_FOUND, {"topic '" + std::string(topic) + "'", "", "does not exist",
                                        "publish to it, or create it with shmbus_topic_open"});
    }
    if (info != nullptr) c::write_info(*found, info);
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_topic_remove(shmbus_bus bus, const char* topic, bool erase_journal, bool* existed) {
  if (topic == nullptr) return c::invalid_argument("topic");
  return c::with_bus(bus, [&](Bus& b) {
    const bool was = b.remove_topic(topic, erase_journal ? Journals::erase : Journals::keep);
    if (existed != nullptr) *existed = was;
    return SHMBUS_OK;
  });
}

shmbus_status shmbus_topic_address_space(const shmbus_topic_options* options, uint64_t* bytes) {
  if (bytes == nullptr) return c::invalid_argument("bytes");
  *bytes = 0;
  return c::guarded([&] {
    *bytes = c::topic_options(options).address_space();
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}

shmbus_status shmbus_pattern_matches(const char* pattern, const char* topic, bool* matches) {
  if (pattern == nullptr) return c::invalid_argument("pattern");
  if (topic == nullptr) return c::invalid_argument("topic");
  if (matches == nullptr) return c::invalid_argument("matches");
  *matches = false;
  return c::guarded([&] {
    *matches = shmbus::matches(pattern, topic);
    return static_cast<shmbus_status>(SHMBUS_OK);
  });
}
