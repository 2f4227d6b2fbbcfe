#include "perfetto.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "json_writer.hpp"
#include "time_text.hpp"
#include "trace_ids.hpp"

namespace shmbus::tracing {
namespace {

constexpr std::int64_t publish_length = 100;  // ns that an event's slice is shown to take; how long it took is not known
constexpr std::int64_t most = std::int64_t{1} << 52;  // ns, 52 days: beyond it a double has no nanoseconds

/// A thread of the picture.
struct Track {
  std::int64_t pid = 0, tid = 0;
  std::string name;
  std::vector<std::size_t> slices;
};

struct Slice {
  const Trace* trace;
  const Node* node;
  std::size_t track;
  std::int64_t begin, end;  // ns from the first event; begin < end
};

class Picture {
 public:
  Picture(std::span<const Trace> traces, Time now) : traces_(traces), now_(now) {}

  PerfettoDocument write() {
    find_origin();
    for (const Trace& trace : traces_) add(trace);
    for (Track& track : tracks_) nest(track);
    PerfettoDocument document;
    JsonWriter json{document.json};
    json.open_object().key("displayTimeUnit").text("ns");
    json.key("otherData").open_object().key("begin").text(tool::rfc3339(origin_)).close_object();
    json.key("traceEvents").open_array();
    write_names(json);
    for (const Track& track : tracks_) {
      for (const std::size_t slice : track.slices) write_slice(json, slices_[slice]);
    }
    write_arrows(json, document);
    json.close_array().close_object();
    document.slices = slices_.size();
    return document;
  }

 private:
  void find_origin() {
    std::optional<Time> first;
    for (const Trace& trace : traces_) {
      if (trace.began != Time{} && (!first || trace.began < *first)) first = trace.began;
    }
    origin_ = first.value_or(Time{});
  }

  std::int64_t since_origin(Time time) const { return std::clamp<std::int64_t>(time_between(origin_, time).count(), 0, most); }

  /// The process's own pid, or where another process of the picture has it, a number that is no pid.
  std::int64_t pid_of(const Process& process) {
    const auto key = std::make_tuple(process.node, process.pid, process.program);
    if (const auto known = pids_.find(key); known != pids_.end()) return known->second;
    constexpr std::int64_t beyond_pids = 10'000'000;
    std::int64_t pid = process.pid;
    if (pid <= 0 || !used_pids_.insert(pid).second) {
      pid = beyond_pids + static_cast<std::int64_t>(pids_.size());
      used_pids_.insert(pid);
    }
    pids_.emplace(key, pid);
    process_names_.emplace_back(pid, process.program.empty() ? "unknown process" : process.program);
    return pid;
  }

  std::size_t track(const Process& process, std::uint64_t subscription, unsigned worker, const std::string& name) {
    const std::int64_t pid = pid_of(process);
    const auto [at, is_new] = track_of_.try_emplace({pid, subscription, worker}, tracks_.size());
    if (is_new) tracks_.push_back({.pid = pid, .tid = static_cast<std::int64_t>(tracks_.size()) + 1, .name = name, .slices = {}});
    return at->second;
  }

  static constexpr std::uint64_t no_subscription = 0;

  void add(const Trace& trace) {
    std::vector<std::size_t> track_of_node(trace.nodes.size());
    for (std::size_t i = 0; i < trace.nodes.size(); ++i) {
      const Node& node = trace.nodes[i];
      if (node.kind == Node::Kind::call) {
        const TracedCall& call = trace.calls[node.index];
        track_of_node[i] = track(call.process, call.subscription, call.worker,
                                 fmt::format("{} worker {}", call.subscriber, call.worker));
        const Time ended = call.ended ? *call.ended : call.recorder_ended ? *call.recorder_ended : now_;
        add_slice({&trace, &node, track_of_node[i], since_origin(call.began), since_origin(ended)});
        continue;
      }
      const TracedEvent& event = trace.events[node.index];
      if (!event.missing.empty()) continue;
      const bool in_call = node.parent != Node::none && trace.nodes[node.parent].kind == Node::Kind::call;
      track_of_node[i] = in_call ? track_of_node[node.parent] : track(event.publisher, no_subscription, 0, "publishes");
      std::int64_t begin = since_origin(event.near), end = begin + publish_length;
      if (in_call) {  // it stands within its call whatever the times say
        const Slice& call = slices_[slice_of_.at(&trace.nodes[node.parent])];
        begin = std::clamp(begin, call.begin, call.end - 1);
        end = std::min(begin + publish_length, call.end);
      }
      add_slice({&trace, &node, track_of_node[i], begin, end});
    }
  }

  void add_slice(Slice slice) {
    slice.end = std::max(slice.end, slice.begin + 1);
    tracks_[slice.track].slices.push_back(slices_.size());
    slice_of_.emplace(slice.node, slices_.size());
    slices_.push_back(slice);
  }

  /// Slices of a thread must lie beside or within each other: one that would reach beyond the one that it begins in is
  /// cut there.
  void nest(Track& track) {
    std::sort(track.slices.begin(), track.slices.end(), [this](std::size_t a, std::size_t b) {
      const Slice& x = slices_[a];
      const Slice& y = slices_[b];
      return std::tuple{x.begin, -x.end, a} < std::tuple{y.begin, -y.end, b};
    });
    std::vector<std::size_t> open;
    for (const std::size_t slice : track.slices) {
      while (!open.empty() && slices_[open.back()].end <= slices_[slice].begin) open.pop_back();
      if (!open.empty()) slices_[slice].end = std::min(slices_[slice].end, slices_[open.back()].end);
      open.push_back(slice);
    }
  }

  static std::string microseconds(std::int64_t ns) { return fmt::format("{}.{:03}", ns / 1000, ns % 1000); }

  void begin_event(JsonWriter& json, const char* phase, std::size_t track, std::int64_t at) const {
    json.open_object().key("ph").text(phase);
    json.key("pid").number(tracks_[track].pid).key("tid").number(tracks_[track].tid);
    json.key("ts").verbatim(microseconds(at));
  }

  void write_names(JsonWriter& json) const {
    const auto name = [&](const char* kind, std::int64_t pid, std::int64_t tid, const std::string& value) {
      json.open_object().key("ph").text("M").key("name").text(kind).key("pid").number(pid).key("tid").number(tid);
      json.key("args").open_object().key("name").text(value).close_object().close_object();
    };
    for (const auto& [pid, program] : process_names_) name("process_name", pid, 0, program);
    for (const Track& track : tracks_) name("thread_name", track.pid, track.tid, track.name);
  }

  void write_slice(JsonWriter& json, const Slice& slice) const {
    begin_event(json, "X", slice.track, slice.begin);
    json.key("dur").verbatim(microseconds(slice.end - slice.begin));
    if (slice.node->kind == Node::Kind::event) {
      const TracedEvent& event = slice.trace->events[slice.node->index];
      json.key("cat").text("publish").key("name").text(fmt::format("publish {}", event.topic));
      json.key("args").open_object().key("event").text(event.id.to_string()).key("trace").text(hex_text(event.trace));
      json.key("size").verbatim(std::to_string(event.size));
    } else {
      const TracedCall& call = slice.trace->calls[slice.node->index];
      json.key("cat").text("process").key("name").text(fmt::format("process {}", topic_of(slice)));
      json.key("args").open_object().key("event").text(call.event.to_string());
      json.key("outcome").text(call.died ? "died" : to_string(call.outcome));
      if (!call.error.empty()) json.key("error").text(call.error);
    }
    if (!slice.node->note.empty()) json.key("note").text(slice.node->note);
    json.close_object().close_object();
  }

  static std::string topic_of(const Slice& call) {
    const std::string& name = call.trace->events[call.trace->nodes[call.node->parent].index].topic;
    return name.empty() ? call.trace->calls[call.node->index].topic : name;
  }

  /// An arrow from the slice of an event to each call that handled it, and to each event that it caused by a call that
  /// was not recorded.
  void write_arrows(JsonWriter& json, PerfettoDocument& document) const {
    for (const Slice& to : slices_) {
      if (to.node->parent == Node::none) continue;
      const Node& parent = to.trace->nodes[to.node->parent];
      const auto found = slice_of_.find(&parent);
      if (parent.kind == Node::Kind::call || found == slice_of_.end()) continue;
      const Slice& from = slices_[found->second];
      const std::int64_t end = std::max(from.begin, to.begin);
      if (end >= to.end) {
        ++document.arrows_left_out;
        continue;
      }
      const auto id = static_cast<std::int64_t>(++document.arrows);
      begin_event(json, "s", from.track, from.begin);
      json.key("cat").text("event").key("name").text("event").key("id").number(id).close_object();
      begin_event(json, "f", to.track, end);
      json.key("bp").text("e").key("cat").text("event").key("name").text("event").key("id").number(id).close_object();
    }
  }

  std::span<const Trace> traces_;
  Time now_, origin_{};
  std::vector<Slice> slices_;
  std::vector<Track> tracks_;
  std::unordered_map<const Node*, std::size_t> slice_of_;
  std::map<std::tuple<std::uint64_t, std::int32_t, std::string>, std::int64_t> pids_;
  std::set<std::int64_t> used_pids_;
  std::vector<std::pair<std::int64_t, std::string>> process_names_;
  std::map<std::tuple<std::int64_t, std::uint64_t, unsigned>, std::size_t> track_of_;
};

}  // namespace

PerfettoDocument perfetto_document(std::span<const Trace> traces, Time now) { return Picture{traces, now}.write(); }

}  // namespace shmbus::tracing
