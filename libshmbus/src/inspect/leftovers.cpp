#include "inspect/leftovers.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/bus_name.hpp"
#include "base/topic_name.hpp"
#include "durable/durable_files.hpp"
#include "group/group_files.hpp"
#include "layout/segment_checks.hpp"
#include "layout/segment_kinds.hpp"
#include "platform/mapping.hpp"
#include "platform/segment_file.hpp"
#include "shmbus/error.hpp"
#include "topic/topic_segment.hpp"
#include "trace/recorder_file.hpp"

namespace shmbus::detail {

using Kind = Leftover::Kind;
using platform::Access;
using platform::SegmentFile;

namespace {

class Finder {
 public:
  Finder(const registry::Registry& registry, const BusSnapshot& bus) : registry_(registry), bus_(bus) {}

  std::vector<Leftover> find() {
    for (const NodeSnapshot& node : bus_.nodes) {
      if (!node.alive) add(Kind::node, node.id, node.program);
    }
    for (const TopicSnapshot& topic : bus_.topics) {
      for (const PublisherSnapshot& p : topic.publishers) {
        if (!p.alive) add(Kind::publisher, p.node, topic.info.name).port = p.port;
      }
      for (const SubscriberSnapshot& s : topic.subscribers) {
        if (!s.alive) add(Kind::subscriber, s.node, topic.info.name).port = s.port;
      }
    }
    for (const SubscriptionSnapshot& s : bus_.subscriptions) {
      if (!alive(s.node)) add(Kind::subscription, s.node, s.pattern);
    }
    for (const UnfinishedTopic& t : bus_.unfinished) {
      if (t.creator_state == NodeState::dead) add(Kind::topic, t.creator, t.name);
    }
    for (const std::string& file : trace::expired_recorders(registry_)) add_file(Kind::recorder, 0, file);
    const auto known = [this](const base::TopicName& topic, std::uint64_t id) { return exists(topic, id); };
    for (const std::string& file : durable::useless_files(registry_, known)) add_file(Kind::cursor, 0, file);
    for (const std::string& file : group::useless_group_files(registry_.bus(), known)) add_file(Kind::group, 0, file);
    for (const std::string& file : SegmentFile::list(registry_.bus().file_prefix())) look_at(file);
    return std::move(found_);
  }

 private:
  bool alive(std::uint64_t node) const { return registry_.alive(node); }

  Leftover& add(Kind kind, std::uint64_t node, std::string name) {
    Leftover& leftover = found_.emplace_back();
    leftover.kind = kind;
    leftover.node = node;
    leftover.name = std::move(name);
    for (const NodeSnapshot& n : bus_.nodes) {
      if (n.id != node) continue;
      leftover.pid = n.pid;
      leftover.program = n.program;
    }
    return leftover;
  }

  void add_file(Kind kind, std::uint64_t node, const std::string& file) {
    const auto state = SegmentFile::state_of(file);
    if (state) add(kind, node, file).memory = state->memory;  // otherwise it was removed in the meantime
  }

  void look_at(const std::string& file) {
    const base::BusName& bus = registry_.bus();
    if (file == bus.registry_file()) return;
    if (file.starts_with(bus.removed_prefix())) return add_file(Kind::removal, 0, file);
    if (const auto log = bus.parse_log_file(file)) {
      if (!alive(log->node) && !may_belong(*log)) add_file(Kind::log, log->node, file);
      return;
    }
    if (bus.parse_recorder_name(file)) {
      if (!is_recorder(file)) add_stray(file);
      return;
    }
    if (const auto cursor = bus.parse_cursor_file(file)) {
      if (!made_as(layout::kCursorMagic, file)) add_stray(file);
      return;
    }
    if (bus.parse_group_file(file)) {
      if (!made_as(layout::kGroupMagic, file)) add_stray(file);
      return;
    }
    if (bus.durable_of_file(file)) {
      if (!made_as(layout::kDurableMagic, file)) add_stray(file);
      return;
    }
    const auto topic = bus.topic_of_control_file(file);
    if (!topic) return add_stray(file);
    if (listed(*topic)) return;
    const auto recorded = record_of(*topic);
    if (recorded && recorded->bus != registry_.recorded().incarnation)
      add_file(Kind::earlier_topic, 0, file);
    else if (!recorded && SegmentFile::state_of(file))
      add_stray(file);
  }

  /// Adds a file that this shmbus did not make. A later shmbus may have made it; then its first bytes show that.
  void add_stray(const std::string& file) {
    char begin[8] = {};
    try {
      const auto segment = SegmentFile::open(file, Access::read_only, "segment '" + file + "'");
      if (segment) segment->read(0, begin, sizeof begin);
    } catch (const Error&) {
      // Without the right to read it, its kind stays unknown.
    }
    const bool newer = layout::is_unknown_kind({begin, sizeof begin});
    add_file(newer ? Kind::unknown_kind : Kind::stray, 0, file);
  }

  /// Whether shmbus made it. One that may not be read, or is gone, is not called stray.
  bool is_recorder(const std::string& file) const {
    try {
      static_cast<void>(trace::RecorderFile::open(registry_, file, Access::read_only));
      return true;
    } catch (const Error& error) {
      return error.code() == ErrorCode::permission;
    }
  }

  /// Whether a file begins with this word. One that may not be read, or is gone, is not called stray.
  static bool made_as(std::uint64_t magic, const std::string& file) {
    try {
      const auto segment = SegmentFile::open(file, Access::read_only, "segment '" + file + "'");
      std::uint64_t begin = 0;
      return !segment || (segment->read(0, &begin, sizeof begin) == sizeof begin && begin == magic);
    } catch (const Error&) {
      return true;
    }
  }

  /// Whether a topic of this name and id exists. Returns true where that is not known.
  bool exists(const base::TopicName& topic, std::uint64_t id) const {
    if (const auto recorded = record_of(topic)) return recorded->id == id;
    return SegmentFile::state_of(registry_.bus().control_file(topic)).has_value();
  }

  bool listed(const base::TopicName& topic) const {
    const std::string& name = topic.text();
    return std::any_of(bus_.topics.begin(), bus_.topics.end(), [&](const auto& t) { return t.info.name == name; }) ||
           std::any_of(bus_.unfinished.begin(), bus_.unfinished.end(), [&](const auto& t) { return t.name == name; });
  }

  /// Returns nothing where there is no such topic, it is damaged, or the right to read it is missing.
  std::optional<topic::TopicRecord> record_of(const base::TopicName& topic) const {
    try {
      const auto state = SegmentFile::state_of(registry_.bus().control_file(topic));
      if (!state) return std::nullopt;
      // Any owner is accepted: the topic is only identified, not used.
      const auto control = topic::ControlSegment::open(registry_.bus(), topic, Access::read_only, {state->owner});
      return control ? std::optional(control->recorded) : std::nullopt;
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  /// Whether a topic exists that may own the log. A damaged topic may: its owner must then remove both.
  bool may_belong(const base::LogFile& log) const {
    if (!log.topic) return false;
    const auto recorded = record_of(*log.topic);
    if (recorded) return recorded->id == log.id;
    return SegmentFile::state_of(registry_.bus().control_file(*log.topic)).has_value();
  }

  const registry::Registry& registry_;
  const BusSnapshot& bus_;
  std::vector<Leftover> found_;
};

}  // namespace

std::vector<Leftover> find_leftovers(const registry::Registry& registry, const BusSnapshot& bus) {
  return Finder(registry, bus).find();
}

}  // namespace shmbus::detail

namespace shmbus {

const char* to_string(Leftover::Kind kind) noexcept {
  using Kind = Leftover::Kind;
  switch (kind) {
    case Kind::node:
      return "node";
    case Kind::publisher:
      return "publisher";
    case Kind::subscriber:
      return "subscriber";
    case Kind::subscription:
      return "subscription";
    case Kind::topic:
      return "topic";
    case Kind::removal:
      return "removal";
    case Kind::log:
      return "log";
    case Kind::earlier_topic:
      return "earlier_topic";
    case Kind::recorder:
      return "recorder";
    case Kind::cursor:
      return "cursor";
    case Kind::group:
      return "group";
    case Kind::unknown_kind:
      return "unknown_kind";
    case Kind::stray:
      break;
  }
  return "stray";
}

}  // namespace shmbus
