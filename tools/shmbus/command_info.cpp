#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <memory>
#include <nlohmann/json.hpp>

#include "journal_json.hpp"
#include "journal_text.hpp"
#include "output.hpp"
#include "port_json.hpp"
#include "port_tables.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "ring_marks.hpp"
#include "shmbus/error.hpp"
#include "time_text.hpp"
#include "topic_table.hpp"
#include "snapshot_topics.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

using nlohmann::ordered_json;

constexpr unsigned max_ports = 64;  // ports of each kind in a topic

struct InfoOptions {
  std::string topic;
  bool json = false;
};

/// The ring in order of age, its newest block last. A long ring is cut at its begin.
std::string ring_text(const RingSnapshot& ring) {
  constexpr std::size_t most = 64;
  std::string marks;
  for (const BlockSnapshot& block : by_age(ring)) marks += block_mark(block);
  if (marks.size() > most) marks = "..." + marks.substr(marks.size() - most);
  std::string outside;
  for (const BlockSnapshot& block : ring.outside) outside += block_mark(block);
  return outside.empty() ? marks : fmt::format("{}  outside: {}", marks, outside);
}

std::string type_text(const TopicInfo& info) {
  std::string text = content_text(info);
  if (info.content == Content::typed)
    text += fmt::format(" ({} bytes, aligned to {})", info.type_size, info.type_alignment);
  return info.accepts_raw ? text + "; raw bytes are accepted too" : text;
}

/// "262096 bytes (256.0 KiB)"
std::string exact_size(std::uint64_t bytes) {
  return bytes < 1024 ? counted(bytes, "byte") : fmt::format("{} bytes ({})", bytes, byte_count(bytes));
}

template <class Port>
std::size_t alive(const std::vector<Port>& ports) {
  return static_cast<std::size_t>(std::count_if(ports.begin(), ports.end(), [](const Port& p) { return p.alive; }));
}

std::string text_of(const Bridges& bridges, const TopicSnapshot& t, const RingSnapshot& ring, std::size_t width) {
  std::string text;
  const auto line = [&](std::string_view name, const std::string& value) {
    text += fmt::format("{:<12}{}\n", name, value);
  };
  line("topic", t.info.name);
  line("id", fmt::format("{:016x}", t.info.id));
  line("type", type_text(t.info));
  if (!t.info.type_fields.empty()) line("fields", printable(t.info.type_fields));
  line("writers", t.info.writers == Writers::exclusive ? "exclusive" : "shared");
  line("publishers", fmt::format("{}, at most {}", alive(t.publishers),
                                 t.info.writers == Writers::exclusive ? 1 : max_ports));
  line("subscribers", fmt::format("{}, at most {}", alive(t.subscribers), max_ports));
  line("time stamps", t.info.timestamps ? "yes" : "no");
  line("mode", fmt::format("{:04o}", t.info.mode));
  line("payload", fmt::format("at most {}", exact_size(t.info.max_payload)));
  line("published", fmt::format("{}, {} of log", counted(t.published, "event"), byte_count(t.bytes)));
  line("retained", t.oldest == 0 ? "none" : fmt::format("{}, from number {}", counted(retained(t), "event"), t.oldest));
  line("blocks", fmt::format("{} of {}", t.info.blocks, exact_size(t.info.block_size)));
  line("opened", fmt::format("{} so far, {} dropped early", counted(t.opened_blocks, "block"), t.dropped_blocks));
  line("memory", byte_count(t.memory));
  line("repaired",
       fmt::format("{} and {} of dead processes", counted(t.repaired_claims, "claim"), counted(t.repaired_ports, "port")));
  line("ring", ring_text(ring));
  if (t.journal) {
    const JournalSnapshot& j = *t.journal;
    line("journal", fmt::format("{}, keeps {}", journal_text(t.info.journal), retention_text(t.info.retain)));
    line("recorder", fmt::format("{}: {}{}", recorder_text(j), journal_state_text(j), journal_gate_text(t)));
    line("recorded", fmt::format("up to {}, {} behind; durable up to {}, {} behind", j.recorded, j.unrecorded,
                                 j.durable, j.not_durable));
    if (j.syncs != 0)
      line("syncs", fmt::format("{}, {} on average, at most {}", j.syncs,
                                duration_text(j.sync_time / static_cast<std::int64_t>(j.syncs)),
                                duration_text(j.longest_sync)));
    line("missing", j.missing == 0 ? "nothing" : fmt::format("{}, up to number {}", counted(j.missing, "event"), j.missing_end));
    line("failures", fmt::format("{}{}; {}", j.failures, j.error == 0 ? "" : ", last: " + failure_text(j),
                                 counted(j.hand_overs, "hand-over")));
    line("files", fmt::format("{} ({}), from number {}; {} free", counted(j.files, "file"), byte_count(j.files_bytes),
                              j.first_held, byte_count(j.free_bytes)));
  }
  PortTables ports{bridges};
  ports.add(t);
  const std::string tables = ports.text(width);
  return tables.empty() ? text : text + '\n' + tables;
}

ordered_json block_json(const BlockSnapshot& block) {
  const auto ports = [](std::uint64_t bits) {
    ordered_json list = ordered_json::array();
    for (; bits != 0; bits &= bits - 1) list.push_back(std::countr_zero(bits));
    return list;
  };
  ordered_json object;
  object["number"] = block.number;
  object["physical"] = block.physical;
  object["newest"] = block.newest;
  object["first_sequence"] = block.first_sequence;
  object["events"] = block.events;
  object["opened"] = nullptr;
  if (block.opened != Time{}) object["opened"] = rfc3339(block.opened);
  object["pinned_by"] = ports(block.pinned_by);
  object["retained_by"] = ports(block.retained_by);
  object["gated_by"] = ports(block.gated_by);
  return object;
}

ordered_json json_of(const Bridges& bridges, const TopicSnapshot& t, const RingSnapshot& ring) {
  ordered_json object = ordered_json::parse(topic_json(t));
  object["id"] = fmt::format("{:016x}", t.info.id);
  object["type_size"] = t.info.type_size;
  object["type_alignment"] = t.info.type_alignment;
  object["type_fields"] = nullptr;
  if (!t.info.type_fields.empty()) object["type_fields"] = printable(t.info.type_fields);
  object["accepts_raw"] = t.info.accepts_raw;
  object["reserved"] = t.info.reserved;
  object["timestamps"] = t.info.timestamps;
  object["mode"] = fmt::format("{:04o}", t.info.mode);
  object["bytes"] = t.bytes;
  object["oldest"] = t.oldest;
  object["opened_blocks"] = t.opened_blocks;
  object["dropped_blocks"] = t.dropped_blocks;
  object["repaired_claims"] = t.repaired_claims;
  object["repaired_ports"] = t.repaired_ports;
  object["journal"] = journal_json(t);
  object["ports"] = ordered_json::array();
  for (const PublisherSnapshot& p : t.publishers) object["ports"].push_back(port_json(bridges, t, p));
  for (const SubscriberSnapshot& s : t.subscribers) object["ports"].push_back(port_json(bridges, t, s));
  object["ring"] = ordered_json::array();
  for (const BlockSnapshot& block : ring.slots) object["ring"].push_back(block_json(block));
  object["outside"] = ordered_json::array();
  for (const BlockSnapshot& block : ring.outside) object["outside"].push_back(block_json(block));
  return object;
}

int run(const std::string& bus, const InfoOptions& options) {
  Inspector inspector{bus};
  const BusSnapshot snapshot = inspector.snapshot();
  const TopicSnapshot& topic = find_topic(snapshot, options.topic);
  const RingSnapshot ring = inspector.ring(options.topic).value_or(RingSnapshot{});
  const Bridges bridges{snapshot};
  Output out;
  out.text() = options.json ? json_of(bridges, topic, ring).dump() + '\n' : text_of(bridges, topic, ring, out.columns());
  out.flush();
  return 0;
}

}  // namespace

void add_info(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<InfoOptions>();
  line.verb("info", "Show all that is known about one topic")
      .argument("TOPIC", text_value(options->topic), "The topic's name")
      .flag("-j,--json", options->json, "One JSON object, times in nanoseconds")
      .explain(R"(The ring is drawn from its oldest block to its newest, a character each:
  .  free                                 =  retained, no subscriber is inside
  p  a subscriber is inside or comes next  r  a subscriber keeps events in it
  !  a subscriber holds publishers back    w  the newest, where publishers write
Blocks that left the ring and are still in use stand behind "outside".

Examples:
  shmbus info video.frame
  shmbus info video.frame --json | jq '.ring[] | select(.newest)')")
      .action([options, &bus] { return run(bus.name, *options); });
}

}  // namespace shmbus::tool
