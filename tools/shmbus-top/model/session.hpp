#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "model/command.hpp"
#include "model/frame.hpp"
#include "model/history.hpp"
#include "model/pane.hpp"

namespace shmbus::top {

/// What somebody at a screen looks at, and how: the last look, and what commands made of it. Knows no terminal.
class Session {
 public:
  struct Start {
    std::string bus;
    Pane pane = Pane::topics;
    std::optional<Order> order{};  ///< of that pane
    std::string filter{};
    Units units = Units::binary;
    double delay = 1;
  };
  explicit Session(const Start& start);

  /// There is something new to show.
  void see(Look look);
  void see_ring(std::optional<RingSnapshot> ring) { ring_ = std::move(ring); }
  /// The bus can't be seen now; what was seen last stays on the screen. Empty: it can.
  void set_problem(std::string problem) { problem_ = std::move(problem); }

  void apply(Command command);
  /// While a filter is typed: a character, or with an empty text the removal of the last one.
  void type(std::string_view character);
  void end_typing(bool keep);

  Frame frame(Size size, bool utf8);

  bool quit() const noexcept { return quit_; }
  bool paused() const noexcept { return paused_; }
  bool on_page() const noexcept { return help_ || detail_; }  ///< of help, or of a topic
  bool typing() const noexcept { return typing_; }
  bool wants_look() noexcept { return std::exchange(wants_look_, false); }
  double delay() const noexcept { return delay_; }
  /// The topic whose detail shows.
  const std::optional<std::string>& detail() const noexcept { return detail_; }

 private:
  struct PaneState {
    Order order;
    std::string chosen;      // id of the row
    std::size_t index = 0;   // where it is, or was
    std::size_t offset = 0;  // first row on the screen
    std::size_t skip = 0;    // columns
  };
  std::size_t& skip() { return detail_ ? page_skip_ : state().skip; }
  PaneState& state() { return states_[static_cast<std::size_t>(pane_)]; }
  Grid current_grid() const;
  void follow(PaneState& state, const Grid& grid) const;
  void move(std::ptrdiff_t rows);
  void open_detail();
  void sort_beside(std::ptrdiff_t step);
  void show_bars(Frame& frame) const;
  void show_table(Frame& frame, Size size);
  void show_page(Frame& frame, Size size, std::vector<Line> page);
  Line footer() const;

  std::string bus_;
  std::optional<Look> look_;
  std::optional<RingSnapshot> ring_;
  History history_;
  std::string problem_;
  Pane pane_;
  std::array<PaneState, panes.size()> states_;
  Style style_;
  double delay_;
  std::string filter_;
  std::optional<std::string> detail_;
  std::size_t scroll_ = 0;     // of a page: detail or help
  std::size_t page_skip_ = 0;  // columns of a detail's tables
  std::size_t rows_ = 10;      // that the screen had for the table or page
  bool help_ = false, paused_ = false, typing_ = false, quit_ = false, wants_look_ = false;
};

}  // namespace shmbus::top
