#include "inspect/group_view.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "group/group_file.hpp"
#include "group/group_files.hpp"
#include "inspect/group_copy.hpp"
#include "layout/cursor.hpp"
#include "platform/clock.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using layout::GroupMember;
using layout::SlotState;
using layout::WhenWord;
using std::chrono::nanoseconds;

namespace {

/// Of two moments of CLOCK_MONOTONIC; 0 where the later one has not come.
nanoseconds between(std::uint64_t from, std::uint64_t to) noexcept {
  return nanoseconds{to > from ? static_cast<std::int64_t>(std::min<std::uint64_t>(to - from, INT64_MAX)) : 0};
}

nanoseconds duration(std::uint64_t ns) noexcept { return between(0, ns); }

GroupOptions options_of(const layout::GroupRecord& r) {
  GroupOptions made;
  made.window = r.window;
  made.in_flight = r.in_flight;
  made.lease = duration(r.lease_ns);
  made.lease_most = duration(r.lease_most_ns);
  made.max_deliveries = r.max_deliveries;
  made.backoff.clear();
  for (std::uint32_t i = 0; i < std::min(r.back_offs, layout::kMaxBackOff); ++i)
    made.backoff.push_back(duration(r.back_off_ns[i]));
  made.dead_letters = layout::load_text(r.dead_letters);
  made.order = r.order == layout::GroupOrder::by_key ? Order::by_key : Order::any;
  made.abandon_after = duration(r.abandon_after_ns);
  return made;
}

GroupCounts counts_of(const std::atomic<std::uint64_t>* at) noexcept {
  const auto count = [at](unsigned i) { return at[i].load(std::memory_order_relaxed); };
  return {count(0), count(1), count(2), count(3), count(4), count(5), count(6), count(7), count(8)};
}

void add(GroupCounts& sum, const GroupCounts& more) noexcept {
  sum.leases += more.leases;
  sum.acknowledged += more.acknowledged;
  sum.given_back += more.given_back;
  sum.rejected += more.rejected;
  sum.expired += more.expired;
  sum.redelivered += more.redelivered;
  sum.dead_letters += more.dead_letters;
  sum.unpublished += more.unpublished;
  sum.lost += more.lost;
}

/// One group, as a copy of its file shows it.
class Reading {
 public:
  Reading(const registry::Registry& registry, const BusSnapshot& bus, const TopicSnapshot& topic, const GroupCopy& copy)
      : bus_(bus), topic_(topic), copy_(copy), now_(platform::monotonic_ns()) {
    // After the machine started anew, all leases count as given back, until the first member writes that.
    current_ = copy.header().bus.load(std::memory_order_relaxed) == registry.recorded().incarnation;
  }

  void describe(GroupSnapshot& group) const {
    const layout::GroupHeader& h = copy_.header();
    group.id = copy_.record().id;
    group.created = Time{nanoseconds{copy_.record().created_ns}};
    group.options = options_of(copy_.record());
    group.floor = copy_.floor();
    group.walked = copy_.walked();
    group.counts = counts_of(h.past);
    group.deaths = h.deaths.load(std::memory_order_relaxed);
    group.cautious_times = h.cautious_times.load(std::memory_order_relaxed);
    for (unsigned i = 0; current_ && i < layout::kMaxMembers; ++i) add_member(group, i);
    for (const CopiedSlot& slot : copy_.unsettled()) ++(leased(slot) ? group.leased : group.waiting);
    group.lag = group.leased + group.waiting + unread();
    if (const auto first = events(1); !first.empty()) group.oldest = first.front();
    if (!current_) return;
    const std::uint64_t until = h.cautious_until.load(std::memory_order_relaxed);
    group.cautious = until != 0;
    group.cautious_for = until == 0 ? nanoseconds{0} : between(now_, until);
    const std::uint64_t since = h.full_since.load(std::memory_order_relaxed);
    group.full = since != 0;
    group.full_for = since == 0 ? nanoseconds{0} : between(since, now_);
  }

  std::vector<GroupEventSnapshot> events(std::size_t most) const {
    std::vector<GroupEventSnapshot> shown;
    for (const CopiedSlot& slot : copy_.unsettled()) {
      if (shown.size() == most) return shown;
      shown.push_back(event_of(slot));
    }
    for (std::uint64_t s = copy_.walked(), left = unread(); left != 0 && shown.size() != most; ++s, --left)
      shown.emplace_back().sequence = s;
    return shown;
  }

 private:
  std::uint64_t unread() const noexcept {
    return topic_.published >= copy_.walked() ? topic_.published - copy_.walked() + 1 : 0;
  }
  bool leased(const CopiedSlot& slot) const noexcept { return current_ && slot.word.state() == SlotState::leased; }

  const NodeSnapshot* node(std::uint64_t id) const {
    const auto found = std::find_if(bus_.nodes.begin(), bus_.nodes.end(), [&](const auto& n) { return n.id == id; });
    return found == bus_.nodes.end() ? nullptr : &*found;
  }

  void add_member(GroupSnapshot& group, unsigned i) const {
    const GroupMember& m = copy_.header().members[i];
    GroupMemberSnapshot member;
    member.node = m.owner.load(std::memory_order_relaxed);
    if (member.node == 0) return;
    member.number = i;
    member.name = m.name.load();
    member.joined = Time{nanoseconds{m.joined_ns.load(std::memory_order_relaxed)}};
    member.counts = counts_of(&m.leases);
    member.leased = static_cast<std::size_t>(
        std::count_if(copy_.unsettled().begin(), copy_.unsettled().end(),
                      [&](const CopiedSlot& slot) { return leased(slot) && slot.word.member() == i; }));
    if (const NodeSnapshot* n = node(member.node)) {
      member.pid = n->pid;
      member.program = n->program;
      member.state = n->state;
    }
    add(group.counts, member.counts);
    group.members.push_back(std::move(member));
  }

  GroupEventSnapshot event_of(const CopiedSlot& slot) const {
    GroupEventSnapshot shown;
    shown.sequence = slot.sequence;
    shown.state = leased(slot) ? GroupEventState::leased : GroupEventState::waiting;
    shown.deliveries = static_cast<unsigned>(slot.word.leases());
    if (!current_) {
      shown.left = nanoseconds{0};
      return shown;
    }
    const GroupMember& m = copy_.header().members[slot.word.member()];
    if (shown.deliveries != 0) {
      shown.member = m.name.load();
      shown.leased_for = between(slot.leased, now_);
    }
    const WhenWord when(slot.when);
    if (when.of(slot.word)) shown.left = between(now_, WhenWord::ns(when.moment()));
    if (shown.deliveries == 0) shown.left = nanoseconds{0};
    if (!leased(slot)) return shown;
    shown.node = m.owner.load(std::memory_order_relaxed);
    if (const NodeSnapshot* n = node(shown.node)) {
      shown.pid = n->pid;
      shown.node_state = n->state;
    }
    return shown;
  }

  const BusSnapshot& bus_;
  const TopicSnapshot& topic_;
  const GroupCopy& copy_;
  std::uint64_t now_;
  bool current_ = false;
};

/// Returns nothing where the group was removed in the meantime. *Throws* Error.
std::optional<GroupCopy> copy_group(const registry::Registry& registry, const base::TopicName& topic,
                                    const TopicSnapshot& shown, const base::GroupName& name) {
  const bool journaled = shown.journal.has_value();
  const auto place = journaled ? group::journal_group_place(registry, topic, name)
                               : group::shared_group_place(registry.bus(), {topic, name, shown.info.id});
  const auto file = platform::PlacedFile::open(place, platform::Access::read_only);
  if (!file) return std::nullopt;
  return GroupCopy(
      *file, group::check_group(*file, topic.text(), journaled ? 0 : shown.info.id, name.text(), registry.owners()));
}

/// The groups of all topics without a journal, by the topic's id.
std::map<std::uint64_t, std::vector<base::GroupName>> list_shared(const registry::Registry& registry) {
  std::map<std::uint64_t, std::vector<base::GroupName>> groups;
  for (base::GroupFileName& file : group::shared_groups(registry.bus()))
    groups[file.id].push_back(std::move(file.group));
  return groups;
}

}  // namespace

std::vector<GroupSnapshot> read_groups(const registry::Registry& registry, const BusSnapshot& bus) {
  std::vector<GroupSnapshot> groups;
  auto shared = list_shared(registry);
  for (const TopicSnapshot& topic : bus.topics) {
    const auto topic_name = base::TopicName::parse(topic.info.name);
    if (!topic_name) continue;
    const auto show = [&](const base::GroupName& name) {
      GroupSnapshot shown;
      shown.topic = topic.info.name;
      shown.group = name.text();
      shown.in_journal = topic.journal.has_value();
      shown.published = topic.published;
      try {
        const auto copy = copy_group(registry, *topic_name, topic, name);
        if (!copy) return;
        Reading(registry, bus, topic, *copy).describe(shown);
      } catch (const Error& error) {
        shown.problem = error.what();
      }
      groups.push_back(std::move(shown));
    };
    if (topic.journal) {
      try {
        for (const base::GroupName& name : group::journal_groups(registry, *topic_name)) show(name);
      } catch (const Error& error) {
        GroupSnapshot& unknown = groups.emplace_back();
        unknown.topic = topic.info.name;
        unknown.in_journal = true;
        unknown.problem = error.what();
      }
    } else {
      auto& names = shared[topic.info.id];
      std::sort(names.begin(), names.end());
      for (const base::GroupName& name : names) show(name);
    }
  }
  return groups;
}

std::vector<GroupEventSnapshot> read_group_events(const registry::Registry& registry, const BusSnapshot& bus,
                                                  std::string_view topic, std::string_view group, std::size_t most) {
  const auto topic_name = base::TopicName::parse(topic);
  const auto group_name = base::GroupName::parse(group);
  const auto shown =
      std::find_if(bus.topics.begin(), bus.topics.end(), [&](const auto& t) { return t.info.name == topic; });
  if (!topic_name || !group_name || shown == bus.topics.end()) return {};
  if (shown->journal) {  // opening a file there makes its folder
    const auto names = group::journal_groups(registry, *topic_name);
    if (std::find(names.begin(), names.end(), *group_name) == names.end()) return {};
  }
  const auto copy = copy_group(registry, *topic_name, *shown, *group_name);
  return copy ? Reading(registry, bus, *shown, *copy).events(most) : std::vector<GroupEventSnapshot>{};
}

}  // namespace shmbus::detail

namespace shmbus {

const char* to_string(GroupEventState state) noexcept {
  switch (state) {
    case GroupEventState::unread:
      return "unread";
    case GroupEventState::waiting:
      return "waiting";
    case GroupEventState::leased:
      break;
  }
  return "leased";
}

}  // namespace shmbus
