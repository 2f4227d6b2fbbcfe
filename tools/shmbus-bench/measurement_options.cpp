#include "measurement_options.hpp"

#include "measure/payload.hpp"
#include "settings.hpp"

namespace shmbus::bench {

namespace {
constexpr std::uint64_t kLargestPayload = std::uint64_t{32} << 20;
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
  return app.add_option("--touch", touch, "Which bytes of a payload are written and read: first (word), ends or all")
      ->check(CLI::IsMember({"first", "ends", "all"}))
      ->capture_default_str();
}

CLI::Option* add_batch_option(CLI::App& app, std::size_t& batch) {
  return app.add_option("--batch", batch, "The limit of a poll")
      ->type_name("N")
      ->check(whole_number(1, 1'000'000))
      ->capture_default_str();
}

}  // namespace shmbus::bench
