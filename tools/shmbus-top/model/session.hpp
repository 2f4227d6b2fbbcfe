#pragma once

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/alerts.hpp"
#include "model/command.hpp"
#include "model/frame.hpp"
#include "model/history.hpp"
#include "model/pane.hpp"
#include "model/table_lines.hpp"

namespace shmbus::top {

/// The state of the screen: the last snapshot, and what the user's commands chose. Independent of the terminal.
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

  /// Sets a new snapshot.
  void see(ComparedSnapshot look);
  void see_ring(std::optional<RingSnapshot> ring) { ring_ = std::move(ring); }
  void see_events(std::vector<EventSnapshot> events) { events_ = std::move(events); }
  /// Sets why the bus can't be read now; the last snapshot stays on the screen. Empty: it can be read.
  void set_problem(std::string problem) { problem_ = std::move(problem); }

  void apply(Command command);
  /// While a filter is typed: adds a character, or with an empty text removes the last one.
  void type(std::string_view character);
  void end_typing(bool keep);

  Frame frame(Size size, bool utf8);

  bool quit() const noexcept { return quit_; }
  bool paused() const noexcept { return paused_; }
  /// Returns whether a page of help, alerts or a topic is shown, instead of a table.
  bool on_page() const noexcept { return page_ != Page::none || detail_; }
  bool typing() const noexcept { return typing_; }
  bool wants_look() noexcept { return std::exchange(wants_look_, false); }
  double delay() const noexcept { return delay_; }
  bool wants_buses() noexcept { return std::exchange(wants_buses_, false); }
  /// The topic whose detail or events are shown.
  const std::optional<std::string>& detail() const noexcept { return detail_; }
  bool shows_events() const noexcept { return detail_ && shows_events_; }

 private:
  struct PaneState {
    Order order;
    std::string chosen;      // id of the row
    std::size_t index = 0;   // where it is, or was
    std::size_t offset = 0;  // first row on the screen
    std::size_t skip = 0;    // columns
    WidestNumbers widest;
    std::array<std::size_t, 4> layout{};  // the layout that they belong to: width, skip, sort column, units
  };
  enum class Page : std::uint8_t { none, help, alerts };
  std::size_t& skip() { return detail_ ? page_skip_ : state().skip; }
  PaneState& state() { return states_[static_cast<std::size_t>(pane_)]; }
  Grid current_grid() const;
  void open(Page page);
  void leave();
  void follow(PaneState& state, const Grid& grid) const;
  void move(std::ptrdiff_t rows);
  void open_detail();
  void sort_beside(std::ptrdiff_t step);
  void show_bars(Frame& frame, Size size) const;
  void show_table(Frame& frame, Size size, bool utf8);
  void add_trend(Grid& grid, std::size_t begin, std::size_t end) const;
  void show_page(Frame& frame, Size size, std::vector<Line> page);
  std::vector<Line> page_of(Size size, bool utf8) const;
  Line footer(Size size, bool utf8) const;

  std::string bus_;
  std::optional<ComparedSnapshot> look_;
  std::vector<Alert> alerts_;
  std::optional<RingSnapshot> ring_;
  std::vector<EventSnapshot> events_;
  History history_;
  std::string problem_;
  Pane pane_;
  std::array<PaneState, panes.size()> states_;
  Style style_;
  double delay_;
  std::string filter_;
  std::optional<std::string> detail_;
  Page page_ = Page::none;     // above all else
  bool shows_events_ = false;  // instead of the detail
  std::size_t scroll_ = 0;     // of a page
  std::size_t page_lines_ = 0;
  std::size_t page_skip_ = 0;  // columns of a detail's tables
  std::size_t rows_ = 10;      // that the screen had for the table or page
  std::size_t hidden_ = 0;     // columns that the table does not show
  bool wants_buses_ = false, paused_ = false, typing_ = false, quit_ = false, wants_look_ = false;
};

}  // namespace shmbus::top
