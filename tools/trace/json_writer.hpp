#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace shmbus::tracing {

/// Appends JSON to a string, piece by piece, so that a document of any depth and size needs no tree in memory. The
/// caller opens and closes in pairs.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& open_object() { return open('{'); }
  JsonWriter& close_object() { return close('}'); }
  JsonWriter& open_array() { return open('['); }
  JsonWriter& close_array() { return close(']'); }
  /// The name of the next member; a value follows.
  JsonWriter& key(std::string_view name);

  /// Text that is not UTF-8 is written with U+FFFD in place of each byte that is wrong.
  JsonWriter& text(std::string_view value);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number_text(std::int64_t value);    ///< in quotes, as protobuf's JSON has 64-bit numbers
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  /// A number that is formatted already.
  JsonWriter& verbatim(std::string_view number);

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string& out_;
  bool first_ = true;  // nothing stands before the next piece at its level
};

}  // namespace shmbus::tracing
