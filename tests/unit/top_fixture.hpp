#pragma once

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include "model/grid.hpp"
#include "model/line.hpp"
#include "shmbus/snapshot.hpp"

namespace test {

/// Topic `a` with a publisher and the subscribers `fast` and `slow`, topic `b` with a publisher; a live node and a dead
/// one. `slow` loses every second event.
inline shmbus::BusSnapshot bus_at(std::chrono::nanoseconds time, std::uint64_t published) {
  using namespace std::chrono_literals;
  shmbus::BusSnapshot bus;
  bus.name = "test-bus";
  bus.taken = shmbus::Time{time};
  bus.steady += time;
  bus.shm_size = std::uint64_t{64} << 20;
  bus.shm_free = std::uint64_t{48} << 20;
  for (const char* name : {"a", "b"}) {
    shmbus::TopicSnapshot& topic = bus.topics.emplace_back();
    topic.info.name = name;
    topic.info.id = bus.topics.size();
  }
  const auto add_subscriber = [](shmbus::TopicSnapshot& topic, const char* name) -> shmbus::SubscriberSnapshot& {
    const auto port = static_cast<unsigned>(topic.subscribers.size());
    shmbus::SubscriberSnapshot& s = topic.subscribers.emplace_back();
    s.port = port;
    s.node = 5;
    s.pid = 500;
    s.program = "reader";
    s.name = name;
    s.alive = true;
    s.node_state = shmbus::NodeState::alive;
    s.state = shmbus::SubscriberState::spinning;
    return s;
  };
  shmbus::TopicSnapshot& a = bus.topics[0];
  a.published = published;
  a.bytes = published * 100;
  shmbus::PublisherSnapshot& p = a.publishers.emplace_back();
  p.node = 5;
  p.pid = 500;
  p.program = "writer";
  p.alive = true;
  p.state = shmbus::NodeState::alive;
  p.published = published;
  p.bytes = published * 100;
  add_subscriber(a, "fast").delivered = published;
  add_subscriber(a, "slow").lost = published / 2;
  add_subscriber(bus.topics[1], "other");
  bus.nodes.resize(2);
  bus.nodes[0].id = 5;
  bus.nodes[0].pid = 500;
  bus.nodes[0].program = "writer";
  bus.nodes[0].alive = true;
  bus.nodes[0].state = shmbus::NodeState::alive;
  bus.nodes[0].cpu_time = time;
  bus.nodes[1].id = 6;
  return bus;
}

/// The cell below `heading` in the row whose first cell is `first`.
inline std::string cell(const shmbus::top::Grid& grid, const std::string& first, const char* heading) {
  const auto column = shmbus::top::find_column(grid, heading);
  for (const auto& row : grid.rows) {
    if (column && row.cells.front().text == first) return row.cells[*column].text;
  }
  return "no such cell";
}

/// The tone of the same cell.
inline shmbus::top::Tone tone(const shmbus::top::Grid& grid, const std::string& first, const char* heading) {
  const auto column = shmbus::top::find_column(grid, heading);
  for (const auto& row : grid.rows) {
    if (column && row.cells.front().text == first) return row.cells[*column].tone;
  }
  throw std::runtime_error("no such cell");
}

inline std::string text_of(const std::vector<shmbus::top::Line>& page) {
  std::string text;
  for (const auto& line : page) text += shmbus::top::text_of(line) + '\n';
  return text;
}

inline std::vector<std::string> names(const shmbus::top::Grid& grid) {
  std::vector<std::string> texts;
  for (const auto& row : grid.rows) texts.push_back(row.cells.front().text);
  return texts;
}

}  // namespace test
