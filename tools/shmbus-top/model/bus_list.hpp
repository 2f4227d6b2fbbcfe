#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/command.hpp"
#include "model/frame.hpp"

namespace shmbus::top {

/// A bus of this machine, as the list shows it.
struct BusEntry {
  std::string name;
  std::size_t topics = 0;
  std::size_t nodes = 0;     ///< alive
  std::uint64_t memory = 0;  ///< bytes of /dev/shm behind its logs
  std::chrono::nanoseconds age{0};
  std::string problem{};  ///< why it can't be read; empty when it can
};

/// The bus to watch if none is named and there is no list to choose from.
inline constexpr const char* default_bus = "default";

/// The only one of these buses, or the default bus if there is none. Nothing if the user must choose.
std::optional<std::string> only_bus(const std::vector<std::string>& buses);

/// The buses of this machine, by name.
std::vector<BusEntry> find_buses();

/// The list from which the user of the screen chooses a bus. Independent of the terminal.
class BusList {
 public:
  /// `chosen` is selected at first.
  explicit BusList(std::string chosen) : selected_(std::move(chosen)) {}

  void see(std::vector<BusEntry> buses);
  void apply(Command command);
  /// While a filter is typed: adds a character, or with an empty text removes the last one.
  void type(std::string_view character);
  void end_typing(bool keep);

  Frame frame(Size size, bool utf8);

  bool quit() const noexcept { return quit_; }
  bool typing() const noexcept { return typing_; }
  /// The bus that was chosen; empty: none yet.
  const std::string& chosen() const noexcept { return chosen_; }

 private:
  Grid grid() const;
  void follow(const Grid& grid);
  void move(std::ptrdiff_t rows);

  std::vector<BusEntry> buses_;
  std::string selected_;
  std::string chosen_;
  std::string filter_;
  std::size_t index_ = 0, offset_ = 0, rows_ = 10;
  bool typing_ = false, quit_ = false;
};

}  // namespace shmbus::top
