#include "measurement_options.hpp"

#include "measure/payload.hpp"

namespace shmbus::bench {

namespace {

tool::Value payload_size(std::size_t& to) { return byte_size(to, measure::kSmallestPayload, std::uint64_t{32} << 20); }

}  // namespace

tool::Value byte_size(std::size_t& to, std::uint64_t least, std::uint64_t most) {
  return tool::byte_size_between(least, most, [&to](std::uint64_t bytes) { to = bytes; }, std::to_string(to));
}

void add_size_option(tool::Command& command, std::size_t& size) {
  command.option("--size", "BYTES", payload_size(size), "The payload");
}

void add_sizes_option(tool::Command& command, std::vector<std::size_t>& sizes) {
  command.option("--sizes", "BYTES,...", tool::list_value(sizes, payload_size), "Payloads, for example 64,1K,64K");
}

void add_touch_option(tool::Command& command, std::string& touch) {
  command.option("--touch", "PART", tool::choice(touch, {"first", "ends", "all"}),
                 "Which bytes of a payload are written and read: first (word), ends or all");
}

void add_batch_option(tool::Command& command, std::size_t& batch) {
  command.option("--batch", "N", tool::whole_number_between(batch, 1, 1'000'000), "The limit of a poll");
}

}  // namespace shmbus::bench
