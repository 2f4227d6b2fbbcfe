#include "shmbus/inspector.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/bus_name.hpp"
#include "base/pattern.hpp"
#include "inspect/durable_view.hpp"
#include "inspect/event_reader_impl.hpp"
#include "inspect/group_view.hpp"
#include "inspect/leftovers.hpp"
#include "inspect/node_list.hpp"
#include "inspect/recorder_view.hpp"
#include "inspect/topic_list.hpp"
#include "inspect/topic_view.hpp"
#include "platform/clock.hpp"
#include "registry/bus_clock.hpp"
#include "registry/registry.hpp"
#include "shmbus/error.hpp"

namespace shmbus {

using base::SegmentFileParts;
using detail::ListedTopic;
using detail::NodeList;
using detail::SnapshotContext;
using detail::TopicView;
using platform::SegmentFile;

namespace {

std::shared_ptr<registry::Registry> find_registry(const base::BusName& bus, const std::vector<uid_t>& owners) {
  auto registry = registry::Registry::find(bus, platform::Access::read_only, owners);
  if (!registry) throw registry::Registry::absent_error(bus);
  return registry;
}

}  // namespace

class Inspector::Impl {
 public:
  Impl(const base::BusName& bus, const std::vector<uid_t>& owners)
      : registry_(find_registry(bus, owners)), clock_(registry_->recorded()) {}

  BusSnapshot snapshot() {
    detail::check_whole(*registry_);
    BusSnapshot bus = describe();
    NodeList nodes(*registry_);
    std::map<std::uint64_t, SubscriptionSnapshot> subscriptions;
    const std::vector<ListedTopic> topics = detail::list_topics(*registry_);
    for (SubscriptionSnapshot& s : read_subscriptions(topics)) {
      NodeSnapshot& node = nodes.at(s.node);
      ++node.subscriptions;
      s.pid = node.pid;
      s.program = node.program;
      s.state = node.state;
      bus.subscriptions.push_back(s);
      subscriptions.emplace(s.id, std::move(s));
    }
    SnapshotContext context{nodes, subscriptions, clock_, clock_.ns_per_stamp(), platform::monotonic_ns()};
    Views kept;
    for (const ListedTopic& listed : topics) {
      if (listed.usable())
        look(listed, context, bus, kept);
      else
        bus.unfinished.push_back({listed.text(), listed.creator, nodes.at(listed.creator).state});
    }
    views_ = std::move(kept);  // without those of topics that were removed
    std::sort(bus.topics.begin(), bus.topics.end(),
              [](const auto& a, const auto& b) { return a.info.name < b.info.name; });
    bus.nodes = nodes.take();
    return bus;
  }

  std::vector<RecorderSnapshot> recorders() {
    detail::check_whole(*registry_);
    NodeList nodes(*registry_);
    std::map<std::uint64_t, std::string> topics;
    for (const ListedTopic& topic : detail::list_topics(*registry_)) topics.emplace(topic.id, topic.text());
    return detail::read_recorders(*registry_, nodes, clock_, topics);
  }

  std::vector<DurableSnapshot> durables(const BusSnapshot& bus) {
    detail::check_whole(*registry_);
    return detail::read_durables(*registry_, bus);
  }

  std::vector<GroupSnapshot> groups(const BusSnapshot& bus) {
    detail::check_whole(*registry_);
    std::vector<GroupSnapshot> groups = detail::read_groups(*registry_, bus);
    unsigned number = 0;
    for (GroupSnapshot& group : groups) {
      if (!group.oldest) continue;
      const auto topic = std::find_if(bus.topics.begin(), bus.topics.end(),
                                      [&](const TopicSnapshot& t) { return t.info.name == group.topic; });
      const auto view = topic == bus.topics.end() ? views_.end() : views_.find(topic->info.id);
      if (view != views_.end() && view->second)
        group.oldest_age = view->second->event_age(clock_, group.oldest->sequence, number++);
    }
    return groups;
  }

  std::vector<GroupEventSnapshot> group_events(std::string_view topic, std::string_view group, std::size_t most) {
    return detail::read_group_events(*registry_, snapshot(), topic, group, most);
  }

  std::vector<Leftover> leftovers() { return detail::find_leftovers(*registry_, snapshot()); }

  std::optional<RingSnapshot> ring(std::string_view name) {
    const TopicView* view = find_view(name);
    if (view == nullptr) return std::nullopt;
    return view->ring();
  }

  std::vector<EventSnapshot> events(std::string_view name, std::size_t count, std::size_t max_payload) {
    TopicView* view = find_view(name);
    if (view == nullptr) return {};
    return view->events(clock_, count, max_payload);
  }

  const std::shared_ptr<registry::Registry>& registry() const noexcept { return registry_; }

 private:
  using Views = std::map<std::uint64_t, std::unique_ptr<TopicView>>;  // by topic id

  /// Null where there is no such topic.
  TopicView* find_view(std::string_view name) {
    detail::check_whole(*registry_);
    const std::vector<ListedTopic> topics = detail::list_topics(*registry_);
    std::erase_if(views_, [&](const auto& view) {
      return std::none_of(topics.begin(), topics.end(), [&](const auto& t) { return t.id == view.first; });
    });
    for (const ListedTopic& listed : topics) {
      if (listed.text() != name || !listed.usable()) continue;
      auto& view = views_[listed.id];
      if (!view) view = TopicView::open(*registry_, *listed.name, listed.id);
      if (view && !view->removed()) return view.get();
    }
    return nullptr;
  }

  BusSnapshot describe() const {
    BusSnapshot bus;
    const registry::BusRecord& recorded = registry_->recorded();
    bus.name = registry_->bus().text();
    bus.incarnation = recorded.incarnation;
    bus.taken = Time{std::chrono::nanoseconds{platform::system_ns()}};
    bus.steady = std::chrono::steady_clock::now();
    bus.created = Time{std::chrono::nanoseconds{recorded.created_ns}};
    bus.mode = recorded.mode;
    bus.owner = registry_->owner();
    bus.journals = recorded.journals;
    bus.stall_limit = std::chrono::nanoseconds{recorded.stall_limit_ns};
    bus.cycle_clock = clock_.cycle_clock();
    bus.removed = registry_->removed() || !registry_->file().is_named(registry_->bus().registry_file());
    if (const auto capacity = SegmentFile::capacity()) {
      bus.shm_size = *capacity;
      bus.shm_free = SegmentFile::room();
    }
    return bus;
  }

  static void read_unattached(const layout::SubscriptionEntry& entry, const std::vector<ListedTopic>& topics,
                              SubscriptionSnapshot& s) {
    for (const layout::UnattachedEntry& shown : entry.unattached_topics) {
      const std::uint64_t id = shown.topic.load(std::memory_order_relaxed);
      const std::uint64_t reason = shown.reason.load(std::memory_order_relaxed);
      if (id == 0) continue;
      UnattachedSnapshot& topic = s.unattached.emplace_back();
      const auto listed = std::find_if(topics.begin(), topics.end(), [&](const ListedTopic& t) { return t.id == id; });
      if (listed != topics.end()) topic.topic = listed->text();
      if (reason <= static_cast<std::uint64_t>(ErrorCode::system)) topic.code = static_cast<ErrorCode>(reason);
    }
  }

  std::vector<SubscriptionSnapshot> read_subscriptions(const std::vector<ListedTopic>& topics) const {
    std::vector<SubscriptionSnapshot> subscriptions;
    for (unsigned i = 0; i < registry_->subscriptions(); ++i) {
      const layout::SubscriptionEntry& entry = registry_->header().subscription_table[i];
      SubscriptionSnapshot s;
      s.id = entry.id.load(std::memory_order_acquire);
      if (s.id == 0) continue;
      s.node = entry.owner.load(std::memory_order_acquire);
      s.name = entry.name.load();
      s.pattern = entry.pattern.load();
      s.delivery = entry.reliable.load(std::memory_order_acquire) != 0 ? Delivery::reliable : Delivery::lossy;
      s.durable = entry.durable_id.load(std::memory_order_relaxed) == s.id && entry.durable.load() != 0;
      s.standing_by = s.durable && entry.standing_by.load(std::memory_order_relaxed) != 0;
      s.unattached_count = entry.unattached.load(std::memory_order_relaxed);  // only shown to people
      read_unattached(entry, topics, s);
      // SYNC text: where the id has changed, this may be a mixture with the entry's next subscription.
      if (entry.id.load(std::memory_order_acquire) == s.id) subscriptions.push_back(std::move(s));
    }
    return subscriptions;
  }

  /// Adds nothing where the topic was removed in the meantime.
  void look(const ListedTopic& listed, SnapshotContext& context, BusSnapshot& bus, Views& kept) {
    try {
      auto view = std::move(views_[listed.id]);
      if (!view) view = TopicView::open(*registry_, *listed.name, listed.id);
      if (!view || view->removed()) return;
      bus.topics.push_back(view->look(context));
      kept[listed.id] = std::move(view);
    } catch (const Error& error) {
      TopicSnapshot& topic = bus.topics.emplace_back();
      topic.info.name = listed.text();
      topic.info.id = listed.id;
      topic.problem = error.what();
    }
  }

  std::shared_ptr<registry::Registry> registry_;
  registry::BusClock clock_;
  Views views_;
};

Inspector::Inspector(std::string_view bus, const std::vector<uid_t>& owners)
    : impl_(std::make_unique<Impl>(base::BusName(bus), owners)) {}
Inspector::Inspector(Inspector&&) noexcept = default;
Inspector& Inspector::operator=(Inspector&&) noexcept = default;
Inspector::~Inspector() = default;

Inspector::Impl& Inspector::impl() const {
  if (impl_) return *impl_;
  throw Error(ErrorCode::closed, {"Inspector", "one that inspects a bus", "one that was moved from",
                                  "use the Inspector that it was moved to"});
}

BusSnapshot Inspector::snapshot() { return impl().snapshot(); }
std::optional<RingSnapshot> Inspector::ring(std::string_view topic) { return impl().ring(topic); }
std::vector<EventSnapshot> Inspector::events(std::string_view topic, std::size_t count, std::size_t max_payload) {
  return impl().events(topic, count, max_payload);
}
std::vector<DurableSnapshot> Inspector::durables() { return impl().durables(impl().snapshot()); }
std::vector<DurableSnapshot> Inspector::durables(const BusSnapshot& bus) { return impl().durables(bus); }
std::vector<GroupSnapshot> Inspector::groups() { return impl().groups(impl().snapshot()); }
std::vector<GroupSnapshot> Inspector::groups(const BusSnapshot& bus) { return impl().groups(bus); }
std::vector<GroupEventSnapshot> Inspector::group_events(std::string_view topic, std::string_view group,
                                                        std::size_t most) {
  return impl().group_events(topic, group, most);
}
std::vector<RecorderSnapshot> Inspector::recorders() { return impl().recorders(); }
EventReader Inspector::read(std::string_view pattern, Start start, const EventReaderOptions& options) {
  return EventReader(std::make_unique<EventReader::Impl>(impl().registry(), base::Pattern(pattern), start, options));
}
std::vector<Leftover> Inspector::leftovers() { return impl().leftovers(); }

std::vector<std::string> Inspector::buses() { return registry::Registry::buses(); }

std::vector<BusFiles> Inspector::files() {
  std::map<std::string, BusFiles> buses;
  for (const std::string& file : SegmentFile::list(std::string(SegmentFileParts::kPrefix))) {
    const auto parts = SegmentFileParts::of(file);
    const auto state = SegmentFile::state_of(file);
    if (!state || parts.bus.empty()) continue;
    BusFiles& found = buses[std::string(parts.bus)];
    if (found.files == 0 || parts.is_registry()) found.owner = state->owner;
    found.bus = parts.bus;
    ++found.files;
    found.memory += state->memory;
    found.has_registry = found.has_registry || parts.is_registry();
  }
  std::vector<BusFiles> sorted;
  for (auto& [name, found] : buses) sorted.push_back(std::move(found));
  return sorted;
}

}  // namespace shmbus
