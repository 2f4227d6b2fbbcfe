#include "support/chrome_trace.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace test {
namespace {

using nlohmann::json;
using Slice = ChromeTrace::Slice;

[[noreturn]] void refuse(const std::string& what, const json& event) {
  throw std::runtime_error("Chrome trace: " + what + ": " + event.dump());
}

struct Point {
  long long pid, tid;
  double at;
  json event;
};

struct Flow {
  std::vector<Point> begins, ends;
};

double number(const json& event, const char* name) {
  const auto found = event.find(name);
  if (found == event.end() || !found->is_number()) refuse(std::string{"no number "} + name, event);
  return found->get<double>();
}

std::string text(const json& event, const char* name) {
  const auto found = event.find(name);
  if (found == event.end() || !found->is_string()) refuse(std::string{"no text "} + name, event);
  return found->get<std::string>();
}

long long whole(const json& event, const char* name) {
  const auto found = event.find(name);
  if (found == event.end() || !found->is_number_integer()) refuse(std::string{"no whole number "} + name, event);
  return found->get<long long>();
}

class Reader {
 public:
  ChromeTrace read(const json& document) {
    if (!document.is_object() || !document.contains("traceEvents") || !document["traceEvents"].is_array())
      refuse("no array traceEvents", document);
    for (const json& event : document["traceEvents"]) take(event);
    for (const auto& [thread, open] : open_) {
      if (!open.empty()) throw std::runtime_error("Chrome trace: a begin without its end: " + open.back().name);
    }
    check_nesting();
    for (const auto& [id, flow] : flows_) bind(flow);
    for (const Slice& slice : trace_.slices) {
      if (!trace_.processes.contains(slice.pid)) throw std::runtime_error("Chrome trace: a process without a name");
      if (!trace_.threads.contains({slice.pid, slice.tid})) throw std::runtime_error("Chrome trace: a thread without a name");
    }
    return trace_;
  }

 private:
  void take(const json& event) {
    const std::string phase = text(event, "ph");
    const long long pid = whole(event, "pid"), tid = whole(event, "tid");
    if (phase == "M") {
      const std::string value = text(event.at("args"), "name");
      const std::string kind = text(event, "name");
      const bool is_new = kind == "process_name" ? trace_.processes.emplace(pid, value).second
                          : kind == "thread_name" ? trace_.threads.emplace(std::pair{pid, tid}, value).second
                                                  : false;
      if (!is_new) refuse("a name that is given twice, or of an unknown kind", event);
      return;
    }
    const double at = number(event, "ts");
    if (at < 0) refuse("a time before the begin", event);
    if (phase == "X") {
      const double length = number(event, "dur");
      if (length <= 0) refuse("a slice without a length", event);
      trace_.slices.push_back({pid, tid, text(event, "name"), at, at + length, arguments(event)});
    } else if (phase == "B") {
      open_[{pid, tid}].push_back({pid, tid, text(event, "name"), at, at, arguments(event)});
    } else if (phase == "E") {
      auto& open = open_[{pid, tid}];
      if (open.empty()) refuse("an end without its begin", event);
      open.back().end = at;
      trace_.slices.push_back(open.back());
      open.pop_back();
    } else if (phase == "s" || phase == "f") {
      const std::string id = text(event, "cat") + '/' + text(event, "name") + '/' + std::to_string(whole(event, "id"));
      if (phase == "f" && text(event, "bp") != "e") refuse("an arrow that would bind to the next slice", event);
      (phase == "s" ? flows_[id].begins : flows_[id].ends).push_back({pid, tid, at, event});
    } else {
      refuse("a phase that this reader does not know", event);
    }
  }

  static std::map<std::string, std::string> arguments(const json& event) {
    std::map<std::string, std::string> all;
    if (!event.contains("args")) return all;
    for (const auto& [name, value] : event["args"].items()) all[name] = value.is_string() ? value.get<std::string>() : value.dump();
    return all;
  }

  static constexpr double rounding = 1e-6;  // of a time in a double: below a nanosecond

  void check_nesting() {
    std::map<std::pair<long long, long long>, std::vector<Slice>> by_thread;
    for (const Slice& slice : trace_.slices) by_thread[{slice.pid, slice.tid}].push_back(slice);
    for (auto& [thread, slices] : by_thread) {
      std::stable_sort(slices.begin(), slices.end(), [](const Slice& a, const Slice& b) {
        return a.begin < b.begin || (a.begin == b.begin && a.end > b.end);
      });
      std::vector<Slice> open;
      for (const Slice& slice : slices) {
        while (!open.empty() && open.back().end <= slice.begin + rounding) open.pop_back();
        if (!open.empty() && slice.end > open.back().end + rounding)
          throw std::runtime_error("Chrome trace: " + slice.name + " reaches beyond " + open.back().name);
        open.push_back(slice);
      }
    }
  }

  /// The innermost slice at that time.
  Slice enclosing(const Point& point) const {
    const Slice* found = nullptr;
    for (const Slice& slice : trace_.slices) {
      if (slice.pid != point.pid || slice.tid != point.tid || slice.begin > point.at || slice.end < point.at) continue;
      if (found == nullptr || slice.begin > found->begin || (slice.begin == found->begin && slice.end < found->end))
        found = &slice;
    }
    if (found == nullptr) refuse("an arrow that binds to no slice", point.event);
    return *found;
  }

  void bind(const Flow& flow) {
    if (flow.begins.size() != 1 || flow.ends.size() != 1) {
      throw std::runtime_error("Chrome trace: an arrow with " + std::to_string(flow.begins.size()) + " begins and " +
                               std::to_string(flow.ends.size()) + " ends");
    }
    if (flow.ends[0].at < flow.begins[0].at) refuse("an arrow that ends before it begins", flow.ends[0].event);
    trace_.arrows.push_back({enclosing(flow.begins[0]), enclosing(flow.ends[0])});
  }

  ChromeTrace trace_;
  std::map<std::pair<long long, long long>, std::vector<Slice>> open_;
  std::map<std::string, Flow> flows_;
};

}  // namespace

ChromeTrace read_chrome_trace(const std::string& document) { return Reader{}.read(json::parse(document)); }

}  // namespace test
