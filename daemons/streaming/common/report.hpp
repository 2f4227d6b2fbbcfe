#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/stream_hash.hpp"

namespace streaming {

/// What a program of the platform did: one line for people, and JSON for programs.
class Report {
 public:
  explicit Report(std::string service);

  /// Adds a figure to both.
  void add(const std::string& name, std::uint64_t value);
  void add_hash(const StreamHash& hash);

  /// Adds a figure to the JSON only.
  void note(const std::string& name, std::uint64_t value);

  /// "badge-service: handled 100836, lost 0, hash 0123456789abcdef, badges 2310"
  std::string line() const;
  void print() const;

  /// Writes the JSON; does nothing if the path is empty. Throws if it cannot be written.
  void write(const std::string& path) const;

 private:
  struct Entry {
    std::string name;
    std::uint64_t value;
    bool hash;
    bool shown;

    std::string text() const;
  };
  std::string service_;
  std::vector<Entry> entries_;
};

}  // namespace streaming
