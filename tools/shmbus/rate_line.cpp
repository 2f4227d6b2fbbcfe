#include "rate_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "quantity_text.hpp"

namespace shmbus::tool {
namespace {

struct Column {
  const char* heading;
  std::size_t width;
  unsigned rank;  // columns of higher rank are left out first; those of rank 0 never
  std::string (*cell)(const Rates&, const BusSnapshot&);
};

std::string whole(double value) { return fmt::format("{:.0f}", value); }

const std::array columns = {
    Column{"EVENTS/S", 10, 0, [](const Rates& r, const BusSnapshot&) { return whole(r.published); }},
    Column{"BYTES/S", 10, 0,
           [](const Rates& r, const BusSnapshot&) { return byte_count(static_cast<std::uint64_t>(r.bytes)); }},
    Column{"DELIVERED/S", 11, 0, [](const Rates& r, const BusSnapshot&) { return whole(r.delivered); }},
    Column{"LOST/S", 8, 0, [](const Rates& r, const BusSnapshot&) { return whole(r.lost); }},
    Column{"WAITS/S", 8, 0, [](const Rates& r, const BusSnapshot&) { return whole(r.waits); }},
    Column{"WAKEUPS/S", 9, 4, [](const Rates& r, const BusSnapshot&) { return whole(r.wakeups); }},
    Column{"LAG", 8, 0, [](const Rates& r, const BusSnapshot&) { return std::to_string(r.lag); }},
    Column{"PUBS", 4, 2, [](const Rates& r, const BusSnapshot&) { return std::to_string(r.publishers); }},
    Column{"SUBS", 4, 1, [](const Rates& r, const BusSnapshot&) { return std::to_string(r.subscribers); }},
    Column{"NODES", 5, 3, [](const Rates& r, const BusSnapshot&) { return std::to_string(r.nodes); }},
    Column{"SHM FREE", 9, 0,
           [](const Rates&, const BusSnapshot& bus) {
             return bus.shm_size == 0 ? std::string{"no limit"} : byte_count(bus.shm_free);
           }},
};

/// The lowest rank that is left out.
unsigned first_left_out(std::size_t width) {
  const auto total = [](unsigned below) {
    std::size_t sum = 0;
    for (const Column& c : columns) sum += c.rank < below ? c.width + (sum == 0 ? 0 : 2) : 0;
    return sum;
  };
  unsigned below = 5;
  while (width != 0 && below > 1 && total(below) > width) --below;
  return below;
}

template <class Cell>
std::string line_of(std::size_t width, Cell cell) {
  const unsigned below = first_left_out(width);
  std::string line;
  for (const Column& c : columns) {
    if (c.rank < below) line += fmt::format("{}{:>{}}", line.empty() ? "" : "  ", cell(c), c.width);
  }
  return line + '\n';
}

}  // namespace

std::string rate_heading(std::size_t width) {
  return line_of(width, [](const Column& c) { return std::string{c.heading}; });
}

std::string rate_line(const Rates& rates, const BusSnapshot& bus, std::size_t width) {
  return line_of(width, [&](const Column& c) { return c.cell(rates, bus); });
}

}  // namespace shmbus::tool
