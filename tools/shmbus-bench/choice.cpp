#include "choice.hpp"

#include <nlohmann/json.hpp>

#include "measure/payload.hpp"
#include "settings.hpp"

namespace shmbus::bench {

namespace {
constexpr std::uint64_t kLargestPayload = std::uint64_t{32} << 20;
}

void TopicChoice::add_options(CLI::App& app) {
  app.add_option("--writers", writers, "The topics' writers: exclusive, shared or both")
      ->check(CLI::IsMember({"exclusive", "shared", "both"}))
      ->capture_default_str();
  app.add_option("--stamps", stamps, "The topics' time stamps: on, off or both")
      ->check(CLI::IsMember({"on", "off", "both"}))
      ->capture_default_str();
  app.add_option("--block-size", block_size, "The topics' block size, a power of two; the default is the library's")
      ->type_name("BYTES")
      ->transform(byte_size(4096, std::uint64_t{64} << 20));
  app.add_option("--blocks", blocks, "The topics' number of blocks; the default is the library's")
      ->type_name("N")
      ->check(whole_number(2, 65'536));
}

CLI::Option* add_size_option(CLI::App& app, std::size_t& size) {
  return app.add_option("--size", size, "The payload")
      ->type_name("BYTES")
      ->transform(byte_size(measure::kSmallestPayload, kLargestPayload))
      ->capture_default_str();
}

CLI::Option* add_sizes_option(CLI::App& app, std::vector<std::size_t>& sizes) {
  return app.add_option("--sizes", sizes, "Payloads, for example 64,1K,64K")
      ->type_name("BYTES")
      ->delimiter(',')
      ->transform(byte_size(measure::kSmallestPayload, kLargestPayload))
      ->capture_default_str();
}

CLI::Option* add_touch_option(CLI::App& app, std::string& touch) {
  return app.add_option("--touch", touch, "What is written and read of a payload: first word, ends or all")
      ->check(CLI::IsMember({"first", "ends", "all"}))
      ->capture_default_str();
}

CLI::Option* add_batch_option(CLI::App& app, std::size_t& batch) {
  return app.add_option("--batch", batch, "The limit of a poll")
      ->type_name("N")
      ->check(whole_number(1, 1'000'000))
      ->capture_default_str();
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
