#include "topic_table.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "table.hpp"

namespace shmbus::tool {
namespace {

// Ports of dead nodes stay until they are reaped; they publish and read nothing.
template <class Port>
std::size_t alive(const std::vector<Port>& ports) {
  return static_cast<std::size_t>(std::count_if(ports.begin(), ports.end(), [](const Port& p) { return p.alive; }));
}

std::vector<std::string> row(const TopicSnapshot& topic) {
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
  // The two numbers were not read at the same moment.
  if (topic.oldest == 0 || topic.oldest > topic.published) return 0;
  return topic.published - topic.oldest + 1;
}

std::uint64_t oldest_held(const TopicSnapshot& topic) {
  const std::uint64_t journal = topic.journal ? topic.journal->first_held : 0;
  if (journal == 0 || topic.oldest == 0) return std::max(journal, topic.oldest);
  return std::min(journal, topic.oldest);
}

std::string topic_table(std::span<const TopicSnapshot> topics, std::size_t width) {
  Table table{{{"TOPIC", Table::Align::left, 0, 16},
               {"TYPE", Table::Align::left, 1, 10},
               {"PUBLISHED"},
               {"RETAINED"},
               {"PUBS"},
               {"SUBS"},
               {"MEMORY"}}};
  for (const TopicSnapshot& topic : topics) table.add(row(topic));
  return table.text(width);
}

std::string content_text(const TopicInfo& info) {
  switch (info.content) {
    case Content::undecided:
      return "nothing yet";
    case Content::raw:
      return "raw bytes";
    case Content::typed:
      break;
  }
  return printable(info.type_name);
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
