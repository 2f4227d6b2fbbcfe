#include "trace_export.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <iterator>
#include <map>
#include <set>
#include <stop_token>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "followed_bus.hpp"
#include "otlp.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "rare_line.hpp"
#include "receiver_state.hpp"
#include "shmbus/error.hpp"
#include "trace_selection.hpp"
#include "trace_sender.hpp"
#include "wall_time.hpp"

namespace shmbus::daemon {
namespace {

using Clock = std::chrono::steady_clock;

/// Events leave their ring sooner than calls their recorder, so they are read more often.
constexpr std::chrono::milliseconds reading_interval{50};
constexpr std::size_t spans_of_request = 512;  // after the trace that reaches it, the next request begins

}  // namespace

class TraceExport::Running {
 public:
  /// What TraceExport::set was told.
  struct Orders {
    TraceSettings settings;
    std::vector<std::string> buses;
    std::vector<uid_t> owners;
  };

  explicit Running(Orders orders)
      : orders_(std::move(orders)), sender_(outbox_, orders_.settings.endpoint, orders_.settings.timeout) {
    outbox_->queue.set_limit(orders_.settings.queue);
    guarded([this] {
      for (std::string& name : Inspector::buses()) present_.insert(std::move(name));
    });
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    thread_.request_stop();
    thread_.join();  // before the sender ends: it still selects
  }

  void set(Orders orders) {
    outbox_->queue.set_limit(orders.settings.queue);
    sender_.set(orders.settings.endpoint, orders.settings.timeout);
    const std::lock_guard lock(mutex_);
    orders_ = std::move(orders);
    changed_ = true;
    wake_.notify_all();
  }

  TraceCounts counts() const { return outbox_->counts.get(); }
  std::string endpoint() const {
    const std::lock_guard lock(mutex_);
    return orders_.settings.endpoint;
  }

 private:
  void run(const std::stop_token& stop) {
    Orders orders = current();
    for (Clock::time_point next_round{}; !stop.stop_requested();) {
      const bool round = Clock::now() >= next_round;
      if (round) next_round = Clock::now() + orders.settings.interval;
      guarded([&] {
        if (round)
          look(orders, stop);
        else
          for_each_bus(stop, [](FollowedBus&) {});
      });
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, stop, std::min(next_round, Clock::now() + reading_interval), [this] { return changed_; });
      if (!std::exchange(changed_, false)) continue;
      const Orders before = std::exchange(orders, orders_);
      lock.unlock();
      if (orders.owners != before.owners || orders.settings.events != before.settings.events) guarded([&] { let_go(); });
      selection_.set(orders.settings);
    }
    guarded([&] {
      read(std::stop_token{});
      take(Time::max());
    });
  }

  /// Finds the buses, reads them, and takes what is settled.
  void look(const Orders& orders, const std::stop_token& stop) {
    find_buses(orders);
    read(stop);
    take(wall_time() - orders.settings.settle);
  }

  void read(const std::stop_token& stop) {
    for_each_bus(stop, [](FollowedBus& bus) {
      bus.read_calls();
      for (const std::string& line : bus.new_problems()) spdlog::warn("{}", line);
    });
  }

  /// No memory, for example, shall not end the daemon.
  template <class Task>
  void guarded(Task task) try {
    task();
  } catch (const std::exception& error) {
    if (const auto line = rare_.say(fmt::format("the export of traces failed: {}", tool::printable(error.what())), Clock::now()))
      spdlog::error("{}", *line);
  }

  Orders current() {
    const std::lock_guard lock(mutex_);
    selection_.set(orders_.settings);
    return orders_;
  }

  /// Whom to trust, or how much to hold, has changed.
  void let_go() {
    take(Time::max());
    for (const auto& [name, bus] : followed_) present_.insert(name);
    followed_.clear();
  }

  void find_buses(const Orders& orders) {
    std::vector<std::string> names = orders.buses;
    if (names.empty()) names = Inspector::buses();
    std::erase_if(problems_, [&](const auto& known) {
      return std::find(names.begin(), names.end(), known.first) == names.end();
    });
    for (const std::string& name : names) {
      if (followed_.contains(name)) continue;
      // All is new in a bus that was not there when the export began.
      const bool known = present_.erase(name) != 0 || problems_.contains(name);
      const auto from = known ? FollowedBus::From::now : FollowedBus::From::start;
      try {
        followed_.try_emplace(name, name, orders.owners, from, orders.settings.events);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::not_found) note_problem(name, error);
      }
    }
    for (auto it = followed_.begin(); it != followed_.end();) {
      if (std::find(names.begin(), names.end(), it->first) != names.end()) {
        ++it;
        continue;
      }
      choose(it->second.take_settled(Time::max()));
      it = followed_.erase(it);
    }
  }

  void note_problem(const std::string& bus, const std::exception& error) {
    std::string& known = problems_[bus];
    if (known == error.what()) return;
    known = error.what();
    spdlog::warn("bus '{}' can't be followed for traces: {}", bus, tool::printable(known));
  }

  /// Reads the events of each bus, and then calls this with it. Lets go of those that can't be read or are gone.
  template <class Then>
  void for_each_bus(const std::stop_token& stop, Then then) {
    std::map<std::string, FollowCounts> counts;
    for (auto it = followed_.begin(); it != followed_.end();) {
      FollowedBus& bus = it->second;
      bool keep = true;
      try {
        bus.read_events(stop);
        then(bus);
        counts.emplace(it->first, bus.counts());
        problems_.erase(it->first);
        keep = !bus.gone();
      } catch (const Error& error) {
        note_problem(it->first, error);
        keep = false;
      }
      if (!keep) choose(bus.take_settled(Time::max()));
      it = keep ? std::next(it) : followed_.erase(it);
    }
    outbox_->counts.change([&](TraceCounts& c) { c.buses = std::move(counts); });
  }

  void take(Time before) {
    for (auto& [name, bus] : followed_) choose(bus.take_settled(before));
    send_chosen();
  }

  void choose(std::vector<tracing::Trace> traces) {
    std::array<std::uint64_t, select_reasons.size()> selected{};
    for (tracing::Trace& trace : traces) {
      const auto reason = selection_.select(trace);
      if (!reason) continue;
      ++selected.at(static_cast<std::size_t>(*reason));
      chosen_spans_ += trace.nodes.size();
      chosen_.push_back(std::move(trace));
      if (chosen_spans_ >= spans_of_request) send_chosen();
    }
    outbox_->counts.change([&](TraceCounts& c) {
      c.settled += traces.size();
      for (std::size_t i = 0; i < selected.size(); ++i) c.selected[i] += selected[i];
    });
  }

  void send_chosen() {
    chosen_spans_ = 0;
    const std::vector<tracing::Trace> traces = std::exchange(chosen_, {});
    if (traces.empty()) return;
    tracing::OtlpDocument document = tracing::otlp_document(traces, wall_time());
    if (document.spans == 0) return;  // only events that could not be read
    outbox_->queue.push({.json = std::move(document.json), .traces = traces.size(), .spans = document.spans});
  }

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  Orders orders_;
  bool changed_ = false;
  std::shared_ptr<TraceOutbox> outbox_ = std::make_shared<TraceOutbox>();
  TraceSender sender_;
  // Of the thread alone:
  std::map<std::string, FollowedBus> followed_;
  std::map<std::string, std::string> problems_;  // of buses that can't be followed
  std::set<std::string> present_;                // those that were there at the start and were not followed yet
  TraceSelection selection_;
  std::vector<tracing::Trace> chosen_;
  std::size_t chosen_spans_ = 0;
  RareLine rare_;
  std::jthread thread_;
};

TraceExport::TraceExport() = default;
TraceExport::~TraceExport() = default;

void TraceExport::set(const TraceSettings& settings, std::vector<std::string> buses, std::vector<uid_t> owners) {
  Running::Orders orders{settings, std::move(buses), std::move(owners)};
  std::unique_ptr<Running> ended;  // outside of the lock: it takes a moment
  const std::lock_guard lock(mutex_);
  if (settings.endpoint.empty())
    ended = std::move(running_);
  else if (running_ == nullptr)
    running_ = std::make_unique<Running>(std::move(orders));
  else
    running_->set(std::move(orders));
}

std::optional<TraceCounts> TraceExport::counts() const {
  const std::lock_guard lock(mutex_);
  return running_ == nullptr ? std::nullopt : std::optional{running_->counts()};
}

std::string TraceExport::line() const {
  const std::lock_guard lock(mutex_);
  if (running_ == nullptr) return {};
  const TraceCounts counts = running_->counts();
  std::string last;
  if (counts.last_success != Time{})
    last = fmt::format(", the last {} ago", tool::duration_text(wall_time() - counts.last_success));
  return fmt::format("Traces go to {}: {} sent{}; {} waiting", running_->endpoint(), counts.exported_traces, last,
                     tool::counted(counts.queued_requests, "request"));
}

}  // namespace shmbus::daemon
