#include "common/report.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace streaming {

Report::Report(std::string service) : service_(std::move(service)) {}

void Report::add(const std::string& name, std::uint64_t value) { entries_.push_back({name, value, false, true}); }
void Report::add_hash(const StreamHash& hash) { entries_.push_back({"hash", hash.value(), true, true}); }
void Report::note(const std::string& name, std::uint64_t value) { entries_.push_back({name, value, false, false}); }

std::string Report::Entry::text() const { return hash ? fmt::format("{:016x}", value) : fmt::format("{}", value); }

std::string Report::line() const {
  std::string line = service_;
  char separator = ':';
  for (const Entry& entry : entries_) {
    if (!entry.shown) continue;
    line += fmt::format("{} {} {}", separator, entry.name, entry.text());
    separator = ',';
  }
  return line;
}

void Report::print() const {
  fmt::print("{}\n", line());
  std::fflush(stdout);
}

void Report::write(const std::string& path) const {
  if (path.empty()) return;
  nlohmann::ordered_json json{{"service", service_}};
  for (const Entry& entry : entries_) {
    if (entry.hash) json[entry.name] = entry.text();  // not every reader of JSON keeps 64 bits of a number
    if (!entry.hash) json[entry.name] = entry.value;
  }
  std::ofstream file(path);
  file << json.dump(2) << '\n';
  file.close();
  if (!file)
    throw std::runtime_error(
        fmt::format("report '{}': expected to write it, found: {}; give another path", path, std::strerror(errno)));
}

}  // namespace streaming
