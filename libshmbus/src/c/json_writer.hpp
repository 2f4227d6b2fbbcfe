#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace shmbus::c {

/// Writes one JSON text. `writer("name", value)` adds a member to the object that is open; a value alone adds an element.
class JsonWriter {
 public:
  template <class Fill>
  void object(Fill&& fill) {
    nest('{', '}', fill);
  }
  template <class Fill>
  void object(std::string_view name, Fill&& fill) {
    key(name), nest('{', '}', fill);
  }
  template <class Fill>
  void array(Fill&& fill) {
    nest('[', ']', fill);
  }
  template <class Fill>
  void array(std::string_view name, Fill&& fill) {
    key(name), nest('[', ']', fill);
  }

  template <class Value>
  void operator()(std::string_view name, const Value& value) {
    key(name), add(value);
  }
  template <class Value>
  void operator()(std::string_view name, const std::optional<Value>& value) {
    key(name);
    if (value) {
      add(*value);
    } else {
      begin(), text_ += "null";
    }
  }

  void add(std::string_view value);
  void add(const char* value) { add(std::string_view(value)); }
  void add(const std::string& value) { add(std::string_view(value)); }
  void add(bool value) { begin(), text_ += value ? "true" : "false"; }
  template <std::integral Number>
  requires(!std::same_as<Number, bool>) void add(Number value) { begin(), text_ += std::to_string(value); }

  std::string take() { return std::move(text_); }

 private:
  template <class Fill>
  void nest(char open, char close, Fill&& fill) {
    begin();
    text_ += open;
    first_ = true;
    fill();
    text_ += close;
    first_ = false;
  }
  void begin() {
    if (!first_) text_ += ',';
    first_ = false;
  }
  void key(std::string_view name) {
    add(name);
    text_ += ':';
    first_ = true;
  }

  std::string text_;
  bool first_ = true;
};

/// Whether the bytes are valid UTF-8.
bool is_utf8(std::string_view bytes) noexcept;
std::string base64(std::span<const std::byte> bytes);
std::string hexadecimal(std::span<const std::byte> bytes);

}  // namespace shmbus::c
