#include "run_screen.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "model/session.hpp"
#include "signal_scope.hpp"
#include "view/keys.hpp"
#include "view/screen.hpp"

namespace shmbus::top {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// The first rates are there after so long; the ones after that are of whole delays.
constexpr milliseconds first_delay{250};

void look(Watch& watch, Session& session) {
  if (auto seen = watch.look()) session.see(std::move(*seen));
  session.set_problem(watch.problem());
}

/// Waits for a key, a signal, a new size of the terminal, or that time. False: the terminal is gone.
bool wait(Clock::time_point until, const tool::SignalScope& signals) {
  const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
  std::array<pollfd, 2> fds{pollfd{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                            pollfd{.fd = signals.fd(), .events = POLLIN, .revents = 0}};
  ::poll(fds.data(), fds.size(), static_cast<int>(std::max<milliseconds::rep>(0, left.count())));
  return (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

}  // namespace

int run_screen(Watch& watch, const Options& options) {
  const tool::SignalScope signals;  // before the screen: curses then leaves these signals alone
  Session session{{.bus = options.bus,
                   .pane = options.pane.value_or(Pane::topics),
                   .order = options.order,
                   .filter = options.filter,
                   .units = options.units,
                   .delay = options.delay}};
  Screen screen;
  std::uint64_t looks = 0;
  look(watch, session);
  const auto delay = [&] {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(session.delay()));
  };
  auto next = Clock::now() + std::min<Clock::duration>(first_delay, delay());
  while (!session.quit() && tool::received_signal() == 0) {
    if (const auto& topic = session.detail(); topic && !session.paused()) session.see_ring(watch.ring(*topic));
    const Frame frame = session.frame(screen.size(), screen.utf8());
    screen.paint(frame);
    if (!wait(session.paused() ? Clock::now() + std::chrono::hours{1} : next, signals)) break;
    while (const auto key = screen.read_key()) press(session, frame, *key);
    if (session.paused()) continue;
    if (const auto now = Clock::now(); session.wants_look() || now >= next) {
      if (options.count && ++looks > *options.count) break;
      look(watch, session);
      next = now + delay();
    }
  }
  return 0;
}

}  // namespace shmbus::top
