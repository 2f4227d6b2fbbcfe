#include "run_screen.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "model/bus_list.hpp"
#include "model/session.hpp"
#include "model/watch.hpp"
#include "shmbus/error.hpp"
#include "signal_scope.hpp"
#include "view/keys.hpp"
#include "view/screen.hpp"

namespace shmbus::top {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The first rates are shown after this time; later ones after a full delay each.
constexpr milliseconds first_delay{250};

/// Of a topic's last events.
constexpr std::size_t shown_events = 20;

Clock::duration to_duration(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

void look(Watch& watch, Session& session) {
  if (auto seen = watch.look()) session.see(std::move(*seen));
  session.set_problem(watch.problem());
}

/// What shows of one topic alone.
void look_at_topic(Watch& watch, Session& session) {
  const std::optional<std::string>& topic = session.detail();
  if (!topic || session.paused()) return;
  if (session.shows_events())
    session.see_events(watch.events(*topic, shown_events));
  else
    session.see_ring(watch.ring(*topic));
}

/// Waits for a key, a signal, a new size of the terminal, or a time-out. Returns false if the terminal is gone.
bool wait(Clock::time_point until, const tool::SignalScope& signals) {
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  std::array<pollfd, 2> fds{pollfd{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                            pollfd{.fd = signals.fd(), .events = POLLIN, .revents = 0}};
  ::poll(fds.data(), fds.size(), static_cast<int>(std::max<milliseconds::rep>(0, left.count())));
  return (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

/// How the watching of a bus ends.
enum class Next { end, other_bus };

Next watch_bus(Watch& watch, Session& session, Screen& screen, const tool::SignalScope& signals,
               std::optional<std::uint64_t> count) {
  std::uint64_t looks = 0;
  look(watch, session);
  auto next = Clock::now() + std::min<Clock::duration>(first_delay, to_duration(session.delay()));
  while (!session.quit() && tool::received_signal() == 0) {
    look_at_topic(watch, session);
    const Frame frame = session.frame(screen.size(), screen.utf8());
    screen.paint(frame);
    if (!wait(session.paused() ? Clock::now() + std::chrono::hours{1} : next, signals)) break;
    while (const auto key = screen.read_key()) press(session, frame, *key);
    if (session.wants_buses()) return Next::other_bus;
    if (session.paused()) continue;
    if (const auto now = Clock::now(); session.wants_look() || now >= next) {
      if (count && ++looks > *count) break;
      look(watch, session);
      next = now + to_duration(session.delay());
    }
  }
  return Next::end;
}

/// The bus that the user chooses; empty if the user quits.
std::string choose_bus(const std::string& first, Screen& screen, const tool::SignalScope& signals, double delay) {
  BusList buses{first};
  for (auto next = Clock::now(); !buses.quit() && buses.chosen().empty() && tool::received_signal() == 0;) {
    if (const auto now = Clock::now(); now >= next) {
      buses.see(find_buses());
      next = now + to_duration(delay);
    }
    const Frame frame = buses.frame(screen.size(), screen.utf8());
    screen.paint(frame);
    if (!wait(next, signals)) break;
    while (const auto key = screen.read_key()) press(buses, frame, *key);
  }
  return buses.chosen();
}

}  // namespace

int run_screen(const std::string& bus, const Options& options) {
  // A named bus that can't be watched is an error, and no screen is shown.
  std::optional<Watch> watch;
  if (!bus.empty()) watch.emplace(bus);
  const tool::SignalScope signals;  // before the screen: curses then leaves these signals alone
  Screen screen;
  std::string watched = bus.empty() ? default_bus : bus;
  for (;;) {
    if (!watch) {
      watched = choose_bus(watched, screen, signals, options.delay);
      if (watched.empty()) return 0;
      try {
        watch.emplace(watched);
      } catch (const Error&) {  // the list says why
        continue;
      }
    }
    Session session{{.bus = watched,
                     .pane = options.pane.value_or(Pane::topics),
                     .order = options.order,
                     .filter = options.filter,
                     .units = options.units,
                     .delay = options.delay}};
    if (watch_bus(*watch, session, screen, signals, options.count) == Next::end) return 0;
    watch.reset();
  }
}

}  // namespace shmbus::top
