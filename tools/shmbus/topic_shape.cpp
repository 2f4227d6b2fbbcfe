#include "topic_shape.hpp"

#include <fmt/format.h>

#include <utility>


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
  return options;
}

Command& add_size_options(Command& command, TopicShape& shape) {
  return command
      .option("--block-size", "SIZE", byte_size(shape.block_size),
              "Size of a block, such as 64KiB: a power of two; limits the payload")
      .option("--blocks", "N", whole_number(shape.blocks), "Number of blocks that the ring retains, rounded up to a power of two")
      .flag("--exclusive", shape.exclusive, "One publisher at a time; cheaper");
}

Command& add_other_options(Command& command, TopicShape& shape) {
  return command.flag("--reserve", shape.reserve, "Reserve the memory of all blocks now, or fail")
      .flag("--no-timestamps", shape.no_timestamps, "Events have no time stamps")
      .flag("--accept-raw", shape.accept_raw, "Accept raw bytes beside values of a type")
      .option("--mode", "MODE", file_mode(shape.mode), "Access to its log in octal, such as 0640")
      .option("--group", "GROUP", text_value(shape.group), "Its owner group, by name or number")
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
  return fmt::format("{} blocks of {}, payloads of up to {} bytes, {}{}, mode {:04o}{}{}", topic.blocks,
                     byte_count(topic.block_size), topic.max_payload,
                     topic.writers == Writers::exclusive ? "one publisher at a time" : "shared by publishers",
                     topic.timestamps ? "" : ", no time stamps", topic.mode, topic.reserved ? ", reserved" : "",
                     topic.accepts_raw ? ", raw bytes accepted beside a type" : "");
}

}  // namespace shmbus::tool
