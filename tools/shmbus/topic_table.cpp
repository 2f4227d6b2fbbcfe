#include "topic_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "text.hpp"

namespace shmbus::tool {
namespace {

// Ports of dead nodes stay until somebody reaps them; they publish and read nothing.
template <class Port>
std::size_t alive(const std::vector<Port>& ports) {
  return static_cast<std::size_t>(std::count_if(ports.begin(), ports.end(), [](const Port& p) { return p.alive; }));
}

constexpr std::size_t columns = 7;
using Row = std::array<std::string, columns>;

Row row(const TopicSnapshot& topic) {
  return {topic.info.name,
          topic.info.type_name.empty() ? "-" : printable(topic.info.type_name),
          std::to_string(topic.published),
          std::to_string(retained(topic)),
          std::to_string(alive(topic.publishers)),
          std::to_string(alive(topic.subscribers)),
          byte_count(topic.memory)};
}

}  // namespace

std::uint64_t retained(const TopicSnapshot& topic) {
  // The two numbers are not of one instant.
  if (topic.oldest == 0 || topic.oldest > topic.published) return 0;
  return topic.published - topic.oldest + 1;
}

std::string topic_table(std::span<const TopicSnapshot> topics) {
  if (topics.empty()) return {};
  std::vector<Row> rows{{"TOPIC", "TYPE", "PUBLISHED", "RETAINED", "PUBLISHERS", "SUBSCRIBERS", "MEMORY"}};
  for (const TopicSnapshot& topic : topics) rows.push_back(row(topic));
  std::array<std::size_t, columns> width{};
  for (const Row& r : rows) {
    for (std::size_t c = 0; c < columns; ++c) width[c] = std::max(width[c], r[c].size());
  }
  std::string table;
  for (const Row& r : rows) {
    table += fmt::format("{:<{}}  {:<{}}", r[0], width[0], r[1], width[1]);
    for (std::size_t c = 2; c < columns; ++c) table += fmt::format("  {:>{}}", r[c], width[c]);
    table += '\n';
  }
  return table;
}

std::string topic_json(const TopicSnapshot& topic) {
  nlohmann::ordered_json object;
  object["topic"] = topic.info.name;
  object["type"] = nullptr;  // raw bytes
  if (!topic.info.type_name.empty()) object["type"] = printable(topic.info.type_name);
  object["published"] = topic.published;
  object["retained"] = retained(topic);
  object["publishers"] = alive(topic.publishers);
  object["subscribers"] = alive(topic.subscribers);
  object["memory"] = topic.memory;
  object["block_size"] = topic.info.block_size;
  object["blocks"] = topic.info.blocks;
  object["max_payload"] = topic.info.max_payload;
  object["exclusive"] = topic.info.writers == Writers::exclusive;
  return object.dump() + '\n';
}

}  // namespace shmbus::tool
