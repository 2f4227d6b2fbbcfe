#include "group_json.hpp"

#include "group_text.hpp"
#include "printable_text.hpp"
#include "time_text.hpp"

namespace shmbus::tool {

using nlohmann::ordered_json;

namespace {

ordered_json counts_json(const GroupCounts& c) {
  ordered_json object;
  object["leases"] = c.leases;
  object["acknowledged"] = c.acknowledged;
  object["given_back"] = c.given_back;
  object["rejected"] = c.rejected;
  object["expired"] = c.expired;
  object["redelivered"] = c.redelivered;
  object["dead_letters"] = c.dead_letters;
  object["unpublished"] = c.unpublished;
  object["lost"] = c.lost;
  return object;
}

ordered_json options_json(const GroupOptions& o) {
  ordered_json object;
  object["window"] = o.window;
  object["in_flight"] = o.in_flight;
  object["lease_ns"] = o.lease.count();
  object["lease_most_ns"] = o.lease_most.count();
  object["max_deliveries"] = o.max_deliveries;
  object["backoff_ns"] = ordered_json::array();
  for (const auto time : o.backoff) object["backoff_ns"].push_back(time.count());
  object["dead_letters"] = printable(o.dead_letters);
  object["order"] = to_text(o.order);
  object["abandon_after_ns"] = o.abandon_after.count();
  return object;
}

ordered_json member_json(const GroupMemberSnapshot& m) {
  ordered_json object;
  object["name"] = printable(m.name);
  object["node"] = m.node;
  object["pid"] = m.pid;
  object["program"] = printable(m.program);
  object["state"] = to_string(m.state);
  object["joined"] = rfc3339(m.joined);
  object["leased"] = m.leased;
  object["counts"] = counts_json(m.counts);
  return object;
}

}  // namespace

ordered_json group_event_json(const GroupEventSnapshot& e) {
  ordered_json object;
  object["sequence"] = e.sequence;
  object["state"] = to_string(e.state);
  object["deliveries"] = e.deliveries;
  object["member"] = printable(e.member);
  object["pid"] = e.pid;
  object["leased_for_ns"] = e.leased_for.count();
  object["left_ns"] = nullptr;
  if (e.left) object["left_ns"] = e.left->count();
  return object;
}

ordered_json group_json(const GroupSnapshot& g) {
  ordered_json object;
  object["topic"] = g.topic;
  object["group"] = g.group;
  if (!g.problem.empty()) object["problem"] = printable(g.problem);
  object["in_journal"] = g.in_journal;
  object["created"] = rfc3339(g.created);
  object["published"] = g.published;
  object["floor"] = g.floor;
  object["walked"] = g.walked;
  object["lag"] = g.lag;
  object["leased"] = g.leased;
  object["waiting"] = g.waiting;
  object["unread"] = g.unread();
  object["oldest"] = nullptr;
  if (g.oldest) object["oldest"] = group_event_json(*g.oldest);
  object["oldest_age_ns"] = nullptr;
  if (g.oldest_age) object["oldest_age_ns"] = g.oldest_age->count();
  object["counts"] = counts_json(g.counts);
  object["deaths"] = g.deaths;
  object["cautious"] = g.cautious;
  object["cautious_for_ns"] = g.cautious_for.count();
  object["cautious_times"] = g.cautious_times;
  object["full"] = g.full;
  object["full_for_ns"] = g.full_for.count();
  object["options"] = options_json(g.options);
  object["members"] = ordered_json::array();
  for (const GroupMemberSnapshot& m : g.members) object["members"].push_back(member_json(m));
  return object;
}

}  // namespace shmbus::tool
