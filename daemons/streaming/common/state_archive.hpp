#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace streaming {

/// Values that can be written as they lie in memory, and read back by the same program.
template <class T>
concept Plain = std::is_trivially_copyable_v<T> && std::is_default_constructible_v<T> && !std::is_pointer_v<T>;

/// Writes a service's state as bytes, one value after another.
class StateWriter {
 public:
  template <Plain T>
  void value(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  template <Plain T>
  void values(std::span<const T> values) {
    value(std::uint64_t{values.size()});
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  }

  void text(std::string_view text) { values(std::span<const char>{text}); }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

/// Thrown if the bytes end early or name an impossible number of values.
struct StateDamaged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads the same values again, in the same order.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : rest_(bytes) {}

  template <Plain T>
  T value() {
    T value{};
    const std::string_view bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  template <Plain T>
  std::vector<T> values() {
    const auto count = value<std::uint64_t>();
    if (count > rest_.size() / sizeof(T)) throw StateDamaged("a list that is longer than the file");
    std::vector<T> values(static_cast<std::size_t>(count));
    const std::string_view bytes = take(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  std::string text() {
    const std::vector<char> characters = values<char>();
    return {characters.begin(), characters.end()};
  }

  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > rest_.size()) throw StateDamaged("an end in the middle of a value");
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

/// A map of plain keys to plain values, as a list of pairs.
template <class Map>
void save_map(StateWriter& out, const Map& map) {
  out.value(std::uint64_t{map.size()});
  for (const auto& [key, value] : map) {
    out.value(key);
    out.value(value);
  }
}

template <class Map>
void load_map(StateReader& in, Map& map) {
  map.clear();
  for (auto left = in.value<std::uint64_t>(); left > 0; --left) {
    const auto key = in.value<typename Map::key_type>();
    map[key] = in.value<typename Map::mapped_type>();
  }
}

}  // namespace streaming
