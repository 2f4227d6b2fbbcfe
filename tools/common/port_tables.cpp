#include "port_tables.hpp"

#include <fmt/format.h>

#include <utility>

#include "port_text.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "unattached_text.hpp"

namespace shmbus::tool {
namespace {

std::string publisher_state(const PublisherSnapshot& p) {
  if (p.alive && p.waiting_for.count() != 0) return fmt::format("waiting {}", duration_text(p.waiting_for));
  if (p.alive && p.claim_open && p.state == NodeState::alive) return "claim open";
  return to_string(p.state);
}

}  // namespace

// The ranks of columns: names, and columns that show what is wrong (lag, lost, mismatched, state), are left out last.
PortTables::PortTables(Bridges bridges)
    : bridges_(std::move(bridges)),
      publishers_({{"TOPIC", Table::Align::left, 0, 16},
                   {"PUBLISHER", Table::Align::left, 0, 16},
                   {"PID"},
                   {"STATE", Table::Align::left},
                   {"PUBLISHED"},
                   {"BYTES", Table::Align::right, 2},
                   {"WAITS", Table::Align::right, 1}}),
      subscribers_({{"TOPIC", Table::Align::left, 0, 16},
                    {"SUBSCRIBER", Table::Align::left, 0, 14},
                    {"PID"},
                    {"STATE", Table::Align::left},
                    {"MODE", Table::Align::left, 3},
                    {"LAG"},
                    {"LAG TIME", Table::Align::right, 1},
                    {"DELIVERED", Table::Align::right, 2},
                    {"LOST"},
                    {"MISMATCHED", Table::Align::right, 5},
                    {"P50 / P99 / P99.9", Table::Align::right, 4}}),
      unattached_({{"NOT ATTACHED", Table::Align::left, 0, 16},
                   {"SUBSCRIBER", Table::Align::left, 0, 14},
                   {"PID"},
                   {"PATTERN", Table::Align::left, 0, 12},
                   {"WHY", Table::Align::left}}) {}

void PortTables::add(const TopicSnapshot& topic) {
  for (const PublisherSnapshot& p : topic.publishers) {
    publishers_.add({topic.info.name, bridges_.process_text(p.node, {}, p.program), std::to_string(p.pid), publisher_state(p),
                     std::to_string(p.published), byte_count(p.bytes), std::to_string(p.waits)});
  }
  for (const SubscriberSnapshot& s : topic.subscribers) {
    subscribers_.add({topic.info.name, bridges_.process_text(s.node, s.name, s.program), std::to_string(s.pid), subscriber_state_text(s),
                      is_recorder(topic, s) ? "recorder" : mode_text(s), std::to_string(s.lag), s.lag_time ? duration_text(*s.lag_time) : "-",
                      std::to_string(s.delivered), std::to_string(s.lost), std::to_string(s.mismatched),
                      latency_text(s.latency)});
  }
  for (const GroupPort& port : group_ports(topic)) add(port);
}

void PortTables::add(const GroupPort& port) {
  const HeldPlaceSnapshot& place = *port.place;
  subscribers_.add({port.topic->info.name, printable(port.name()), place.held ? "-" : std::to_string(place.pid),
                    port.state(), "reliable", std::to_string(port.lag()), "-", "-", "-", "-", "-"});
}

void PortTables::add(const SubscriptionSnapshot& s, std::string_view topic) {
  if (s.state == NodeState::dead) return;
  for (const UnattachedSnapshot& missing : s.unattached) {
    if (!topic.empty() && missing.topic != topic) continue;
    unattached_.add({printable(missing.topic), bridges_.process_text(s.node, s.name, s.program), std::to_string(s.pid),
                     printable(s.pattern), reason_text(missing)});
  }
}

std::string PortTables::text(std::size_t width) const {
  std::string text;
  for (const Table* table : {&publishers_, &subscribers_, &unattached_}) {
    if (table->empty()) continue;
    if (!text.empty()) text += '\n';
    text += table->text(width);
  }
  return text;
}

}  // namespace shmbus::tool
