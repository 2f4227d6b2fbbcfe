#include "model/alerts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bridge.hpp"
#include "group_text.hpp"
#include "journal_text.hpp"
#include "model/alarm.hpp"
#include "model/units.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "unattached_text.hpp"

namespace shmbus::top {
namespace {

using std::chrono::nanoseconds;

/// The remedy for a stopped process.
std::string wake(std::int32_t pid) { return fmt::format("let it go on: kill -CONT {}", pid); }

class Finder {
 public:
  explicit Finder(const ComparedSnapshot& look) : look_(look), bridges_(look.bus) {}

  std::vector<Alert> find() {
    for (std::size_t i = 0; i < look_.bus.topics.size(); ++i) {
      const TopicSnapshot& topic = look_.bus.topics[i];
      if (!topic.problem.empty()) {
        add({.topic = topic.info.name, .text = tool::printable(topic.problem), .remedy = "shmbus doctor"});
        continue;
      }
      for (std::size_t k = 0; k < topic.subscribers.size(); ++k)
        subscriber(topic, topic.subscribers[k], look_.topics[i].subscribers[k]);
      for (const PublisherSnapshot& publisher : topic.publishers) claim(topic, publisher);
      journal(topic);
    }
    for (std::size_t i = 0; i < look_.groups.size(); ++i) group(look_.groups[i], look_.group_rates[i]);
    memory();
    for (const UnfinishedTopic& topic : look_.bus.unfinished) unfinished(topic);
    for (const SubscriptionSnapshot& subscription : look_.bus.subscriptions) unattached(subscription);
    dead_nodes();
    std::stable_sort(alerts_.begin(), alerts_.end(), [](const Alert& a, const Alert& b) {
      if (a.tone != b.tone) return a.tone == Tone::bad;
      return a.since > b.since;
    });
    return std::move(alerts_);
  }

 private:
  void add(Alert alert) { alerts_.push_back(std::move(alert)); }

  /// "warehouse (2120)", "bridge host-a to NATS (2120)".
  std::string holder(std::uint64_t node, const std::string& name, const std::string& program, std::int32_t pid) const {
    const auto bridge = bridges_.name_of(node);
    return fmt::format("{} ({})", bridge ? tool::bridge_text(*bridge) : tool::printable(name.empty() ? program : name),
                       pid);
  }

  void subscriber(const TopicSnapshot& topic, const SubscriberSnapshot& s, const SubscriberRates& rates) {
    if (!s.alive) return;
    const bool stopped = s.node_state == NodeState::stopped, bridge = bridges_.name_of(s.node).has_value();
    const std::string who = holder(s.node, s.name, s.program, s.pid);
    if (s.gating && s.gating_for >= alarm_after) {
      add({.topic = topic.info.name,
           .text = fmt::format("{}: held back {} by {}{}", topic.info.name, tool::duration_text(s.gating_for), who,
                               stopped ? ", which is stopped" : ""),
           .remedy = stopped                       ? wake(s.pid)
                     : bridge                      ? tool::bridge_remedy
                     : s.demote_after.count() == 0 ? "it is slow or hangs; demote_after limits how long publishers wait"
                                                   : fmt::format("it is slow or hangs; it becomes lossy after {}",
                                                                 tool::duration_text(s.demote_after)),
           .since = s.gating_for});
    } else if (s.lapped_now || rates.lost > 0) {
      add({.tone = rates.lost > 0 ? Tone::bad : Tone::notice,
           .topic = topic.info.name,
           .text = fmt::format("{}: {} loses events, {} so far", topic.info.name, who, s.lost),
           .remedy = stopped  ? wake(s.pid)
                     : bridge ? tool::bridge_remedy
                              : "it is too slow: make it faster, give the topic more blocks, or subscribe reliably"});
    }
  }

  void claim(const TopicSnapshot& topic, const PublisherSnapshot& p) {
    if (!p.alive || p.claim_age < std::max<nanoseconds>(alarm_after, look_.bus.stall_limit)) return;
    add({.topic = topic.info.name,
         .text = fmt::format("{}: {} claimed an event {} ago and has not committed it", topic.info.name,
                             holder(p.node, {}, p.program, p.pid), tool::duration_text(p.claim_age)),
         .remedy = p.state == NodeState::stopped ? wake(p.pid) : "it holds a loan: it must commit or abort it",
         .since = p.claim_age});
  }

  void journal(const TopicSnapshot& topic) {
    if (!topic.journal) return;
    const JournalSnapshot& j = *topic.journal;
    if (tool::in_trouble(j)) {
      add({.topic = topic.info.name,
           .text = fmt::format("{}: its journal: {}{}", topic.info.name, tool::journal_state_text(j),
                               tool::journal_gate_text(topic)),
           .remedy = j.state == RecorderState::none ? "nobody writes its events to disk: start shmbusd"
                                                    : "the disk is slow, full or fails: shmbus doctor says more"});
    } else if (j.missing != 0) {
      add({.tone = Tone::notice,
           .topic = topic.info.name,
           .text = fmt::format("{}: its journal misses {}", topic.info.name, tool::counted(j.missing, "event")),
           .remedy = "shmbus journal verify names them; keep shmbusd running"});
    }
  }

  void group(const GroupSnapshot& g, const GroupRates& rates) {
    const auto add_for = [&](std::string what, std::string remedy, nanoseconds since = {}) {
      add({.topic = g.topic,
           .text = fmt::format("{}: group {} {}", tool::printable(g.topic), g.group, what),
           .remedy = std::move(remedy),
           .since = since});
    };
    if (!g.problem.empty()) return add_for("can't be read: " + tool::printable(g.problem), "shmbus doctor");
    if (g.full && g.full_for >= alarm_after) full(g, add_for);
    if (g.cautious)
      add_for("is cautious: most of its latest leases failed, so it leases one event a second",
              "find out why its members fail; one event that is acknowledged ends it");
    const bool waits = g.lag != 0 && g.oldest_age.value_or(alarm_after) >= alarm_after;
    if (g.members.empty() && waits && g.group != tool::dead_letters_group)
      add_for(fmt::format("has no member; {}", g.lag == 1 ? "1 event waits" : tool::counted(g.lag, "event") + " wait"),
              fmt::format("start a member, or remove it: shmbus group --bus {} {} {} --remove",
                          tool::printable(look_.bus.name), tool::printable(g.topic), g.group));
    if (rates.unpublished > 0)
      add_for("can't publish its dead letters to " + tool::printable(g.options.dead_letters),
              "its members' standard error says why: the topic's type, rights or room");
    if (rates.lost > 0)
      add_for(fmt::format("loses events, {} so far: they leave the ring before a member reads them", g.counts.lost),
              "its members are too slow: start more, or keep the topic's events in a journal");
  }

  template <class Add>
  void full(const GroupSnapshot& g, Add add_for) {
    const bool stopped =
        g.oldest && g.oldest->state == GroupEventState::leased && g.oldest->node_state == NodeState::stopped;
    add_for(
        fmt::format("takes no new event: its window of {} has been full for {}; {}",
                    tool::counted(g.options.window, "event"), tool::duration_text(g.full_for), tool::oldest_text(g)),
        stopped ? wake(g.oldest->pid) : "see who holds that event: shmbus who", g.full_for);
  }

  void memory() {
    const BusSnapshot& bus = look_.bus;
    if (bus.shm_size == 0 || bus.shm_free >= bus.shm_size / 10) return;
    add({.text = fmt::format("/dev/shm: {} of {} left", tool::byte_count(bus.shm_free), tool::byte_count(bus.shm_size)),
         .remedy = gc() + " frees what dead processes left; shmbus doctor names what else takes room"});
  }

  void unfinished(const UnfinishedTopic& topic) {
    if (topic.creator_state == NodeState::alive) return;  // it takes a moment
    const std::string name = topic.name.empty() ? "a topic" : tool::printable(topic.name);
    add({.topic = topic.name,
         .text = fmt::format("{}: its creator {} before the topic was usable", name,
                             topic.creator_state == NodeState::stopped ? "stopped" : "died"),
         .remedy = topic.creator_state == NodeState::stopped ? "let it go on, or end it: shmbus who names it" : gc()});
  }

  void unattached(const SubscriptionSnapshot& s) {
    if (s.state == NodeState::dead || s.unattached_count == 0) return;
    add({.topic = s.unattached.empty() ? std::string{} : s.unattached.front().topic,
         .text = fmt::format("{} does not read {}", holder(s.node, s.name, s.program, s.pid), tool::unattached_text(s)),
         .remedy = tool::unattached_remedy(s)});
  }

  void dead_nodes() {
    std::vector<const NodeSnapshot*> dead;
    for (const NodeSnapshot& node : look_.bus.nodes) {
      if (node.state == NodeState::dead) dead.push_back(&node);
    }
    if (dead.empty()) return;
    std::string text = fmt::format("{} died and left its entries on the bus",
                                   holder(dead.front()->id, {}, dead.front()->program, dead.front()->pid));
    if (dead.size() > 1) text += fmt::format(", and {} more", dead.size() - 1);
    add({.tone = Tone::notice, .text = std::move(text), .remedy = gc() + " frees it; shmbusd does so at once"});
  }

  /// The command that frees what dead processes left on this bus.
  std::string gc() const { return fmt::format("shmbus gc --bus {} --yes", tool::printable(look_.bus.name)); }

  const ComparedSnapshot& look_;
  tool::Bridges bridges_;
  std::vector<Alert> alerts_;
};

}  // namespace

std::vector<Alert> find_alerts(const ComparedSnapshot& look) { return Finder{look}.find(); }

Line alert_line(const std::vector<Alert>& alerts, std::size_t width) {
  Line line;
  if (alerts.empty()) return line.add("no alerts", Tone::quiet);
  const std::string more = alerts.size() > 1 ? fmt::format("  a: {} more", alerts.size() - 1) : "  a: what to do";
  const std::size_t room = width > width_of(more) ? width - width_of(more) : width;
  const std::string& text = alerts.front().text;
  line.add(width_of(text) <= room ? text : fit(text, room), alerts.front().tone);
  if (room < width) line.add(more, Tone::quiet);
  return line;
}

std::vector<Line> alerts_page(const std::vector<Alert>& alerts) {
  std::vector<Line> page;
  if (alerts.empty()) page.emplace_back().add("no alerts: nothing is held back, lost or left behind", Tone::quiet);
  for (const Alert& alert : alerts) {
    page.emplace_back().add(alert.text, alert.tone);
    page.emplace_back().add("  ").add(alert.remedy, Tone::quiet);
  }
  return page;
}

}  // namespace shmbus::top
