#include "topic_choice.hpp"

#include <nlohmann/json.hpp>

#include "measurement_options.hpp"

namespace shmbus::bench {

void TopicChoice::add_options(tool::Command& command) {
  command
      .option("--writers", "WRITERS", tool::choice(writers, {"exclusive", "shared", "both"}),
              "The topics' writers: exclusive, shared or both")
      .option("--stamps", "STAMPS", tool::choice(stamps, {"on", "off", "both"}),
              "The topics' time stamps: on, off or both")
      .option("--block-size", "BYTES", tool::without_preset(byte_size(block_size, 4096, std::uint64_t{64} << 20)),
              "The topics' block size, a power of two; the default is the library's")
      .option("--blocks", "N", tool::without_preset(tool::whole_number_between(blocks, 2, 65'536)),
              "The topics' number of blocks; the default is the library's");
}

std::vector<TopicChoice::Kind> TopicChoice::kinds() const {
  std::vector<Kind> kinds;
  for (const bool stamped : {false, true}) {
    if (stamps != "both" && (stamps == "on") != stamped) continue;
    if (writers != "shared") kinds.push_back({Writers::exclusive, stamped});
    if (writers != "exclusive") kinds.push_back({Writers::shared, stamped});
  }
  return kinds;
}

TopicOptions TopicChoice::options(const Kind& kind) const {
  TopicOptions options;
  options.writers = kind.writers;
  options.timestamps = kind.timestamps;
  if (block_size != 0) options.block_size = block_size;
  if (blocks != 0) options.blocks = blocks;
  return options;
}

nlohmann::ordered_json TopicChoice::to_json() const {
  const TopicOptions shape = options({Writers::shared, false});
  return {{"writers", writers}, {"stamps", stamps}, {"block_size", shape.block_size}, {"blocks", shape.blocks}};
}

std::string to_string(const TopicChoice::Kind& kind) {
  return std::string(kind.writers == Writers::exclusive ? "exclusive" : "shared") +
         (kind.timestamps ? ", stamped" : "");
}

nlohmann::ordered_json to_json(const TopicChoice::Kind& kind) {
  return {{"writers", kind.writers == Writers::exclusive ? "exclusive" : "shared"}, {"timestamps", kind.timestamps}};
}

}  // namespace shmbus::bench
