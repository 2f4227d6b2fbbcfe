#include "topic_shape.hpp"

#include <fmt/format.h>

#include <utility>

#include "journal_text.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {

TopicOptions TopicShape::options() const {
  TopicOptions options;
  if (block_size) options.block_size = *block_size;
  if (blocks) options.blocks = *blocks;
  if (mode) options.mode = *mode;
  if (group) options.group = *group;
  options.reserve = reserve;
  options.timestamps = !no_timestamps;
  options.writers = exclusive ? Writers::exclusive : Writers::shared;
  options.accept_raw = accept_raw;
  options.strict = strict;
  if (journal) options.journal = *journal;
  if (retain_bytes) options.retain.bytes = *retain_bytes;
  if (retain_age) options.retain.age = *retain_age;
  if (skip_when_behind) options.when_behind = WhenBehind::skip;
  if (unrecorded_limit) options.unrecorded_limit = *unrecorded_limit;
  if (segment_file) options.segment_file = *segment_file;
  return options;
}

Command& add_size_options(Command& command, TopicShape& shape) {
  return command
      .option("--block-size", "SIZE", byte_size(shape.block_size),
              "Size of a block, such as 64KiB: a power of two; limits the payload")
      .option("--blocks", "N", whole_number(shape.blocks),
              "Number of blocks that the ring retains, rounded up to a power of two")
      .flag("--exclusive", shape.exclusive, "One publisher at a time; cheaper");
}

Command& add_journal_options(Command& command, TopicShape& shape) {
  Value journal{[&shape](const std::string& word) {
    Journal parsed = Journal::none();
    std::string expected = parse_journal(word, parsed);
    if (expected.empty()) shape.journal = parsed;
    return expected;
  }};
  return command
      .option("--journal", "POLICY", std::move(journal),
              "Write events to disk, too: page-cache, interval:T (synced every T) or batch (each write is synced)")
      .option("--retain-bytes", "SIZE", byte_size(shape.retain_bytes), "The journal keeps about this much")
      .option("--retain-age", "AGE", duration_value(shape.retain_age), "The journal keeps events this long, such as 7d")
      .require("--retain-bytes", "--journal")
      .require("--retain-age", "--journal");
}

Command& add_other_options(Command& command, TopicShape& shape) {
  return command.flag("--reserve", shape.reserve, "Reserve the memory of all blocks now, or fail")
      .flag("--no-timestamps", shape.no_timestamps, "Events have no time stamps")
      .flag("--accept-raw", shape.accept_raw, "Accept raw bytes beside values of a type")
      .option("--mode", "MODE", file_mode(shape.mode), "Access to its log in octal, such as 0640")
      .option("--group", "GROUP", text_value(shape.group), "Its owner group, by name or number")
      .flag("--skip-when-behind", shape.skip_when_behind,
            "Publishers don't wait for the disk: the journal misses events")
      .option("--unrecorded-limit", "TIME", duration_value(shape.unrecorded_limit),
              "How long publishers wait while nobody records; 30s")
      .option("--segment-file", "SIZE", byte_size(shape.segment_file), "Bytes of a file of the journal; 128MiB")
      .require("--skip-when-behind", "--journal")
      .require("--unrecorded-limit", "--journal")
      .require("--segment-file", "--journal")
      .flag("--strict", shape.strict, "Fail if the topic exists with other options, also if those are only defaults");
}

std::vector<DifferentOption> differences(const TopicShape& asked, const TopicInfo& found) {
  std::vector<DifferentOption> all;
  const auto add = [&](bool different, const char* option, std::string value, std::string has) {
    if (different) all.push_back({option, std::move(value), std::move(has)});
  };
  if (asked.block_size)
    add(*asked.block_size != found.block_size, "--block-size", std::to_string(*asked.block_size),
        std::to_string(found.block_size));
  // The library rounds up to a power of two.
  if (asked.blocks)
    add(found.blocks < *asked.blocks || found.blocks / 2 >= *asked.blocks, "--blocks", std::to_string(*asked.blocks),
        std::to_string(found.blocks));
  add(asked.exclusive && found.writers != Writers::exclusive, "--exclusive", "", "shared publishers");
  add(asked.reserve && !found.reserved, "--reserve", "", "no reserved memory");
  add(asked.no_timestamps && found.timestamps, "--no-timestamps", "", "time stamps");
  add(asked.accept_raw && !found.accepts_raw, "--accept-raw", "", "no raw bytes beside a type");
  if (asked.mode)
    add(*asked.mode != found.mode, "--mode", fmt::format("{:04o}", *asked.mode), fmt::format("{:04o}", found.mode));
  if (asked.journal) {
    add(*asked.journal != found.journal, "--journal", journal_text(*asked.journal),
        found.journal == Journal::none() ? "no journal" : journal_text(found.journal));
    if (asked.retain_bytes)
      add(*asked.retain_bytes != found.retain.bytes, "--retain-bytes", std::to_string(*asked.retain_bytes),
          std::to_string(found.retain.bytes));
    if (asked.retain_age)
      add(*asked.retain_age != found.retain.age, "--retain-age", duration_text(*asked.retain_age),
          duration_text(found.retain.age));
    add(asked.skip_when_behind && found.when_behind != WhenBehind::skip, "--skip-when-behind", "",
        "publishers that wait");
    if (asked.unrecorded_limit)
      add(*asked.unrecorded_limit != found.unrecorded_limit, "--unrecorded-limit",
          duration_text(*asked.unrecorded_limit), duration_text(found.unrecorded_limit));
    if (asked.segment_file)
      add(*asked.segment_file != found.segment_file, "--segment-file", std::to_string(*asked.segment_file),
          std::to_string(found.segment_file));
  }
  for (const DifferentOption& option : found.different) {
    if (option.name == "group") add(true, "--group", option.asked, option.found);
  }
  return all;
}

std::string differences_text(const std::vector<DifferentOption>& differences) {
  std::string text;
  for (const DifferentOption& d : differences) {
    text += fmt::format("{}{}{}{} (it has {})", text.empty() ? "" : ", ", d.name, d.asked.empty() ? "" : " ", d.asked,
                        d.found);
  }
  return text;
}

std::string shape_text(const TopicInfo& topic) {
  return fmt::format("{} blocks of {}, payloads of up to {} bytes, {}{}, mode {:04o}{}{}{}", topic.blocks,
                     byte_count(topic.block_size), topic.max_payload,
                     topic.writers == Writers::exclusive ? "one publisher at a time" : "shared by publishers",
                     topic.timestamps ? "" : ", no time stamps", topic.mode, topic.reserved ? ", reserved" : "",
                     topic.accepts_raw ? ", raw bytes accepted beside a type" : "",
                     topic.journal == Journal::none() ? "" : ", journal: " + journal_text(topic.journal));
}

}  // namespace shmbus::tool
