#include "c/snapshot_json.hpp"

#include <chrono>

#include "c/json_writer.hpp"

namespace shmbus::c {

namespace {

std::int64_t ns(Time time) noexcept { return time.time_since_epoch().count(); }
std::int64_t ns(std::chrono::nanoseconds time) noexcept { return time.count(); }

template <class Times>
std::optional<std::int64_t> ns(const std::optional<Times>& time) noexcept {
  return time ? std::optional(ns(*time)) : std::nullopt;
}

const char* text(Delivery delivery) noexcept { return delivery == Delivery::reliable ? "reliable" : "lossy"; }
const char* text(Writers writers) noexcept { return writers == Writers::exclusive ? "exclusive" : "shared"; }
const char* text(Content content) noexcept {
  return content == Content::raw ? "raw" : content == Content::typed ? "typed" : "undecided";
}
const char* text(Journal::Kind kind) noexcept {
  switch (kind) {
    case Journal::Kind::page_cache:
      return "page_cache";
    case Journal::Kind::interval:
      return "interval";
    case Journal::Kind::batch:
      return "batch";
    case Journal::Kind::none:
      break;
  }
  return "none";
}

void write(JsonWriter& w, const NodeSnapshot& n) {
  w.object([&] {
    w("id", n.id), w("pid", n.pid), w("local", n.local), w("uid", n.uid), w("program", n.program);
    w("started", ns(n.started)), w("alive", n.alive), w("state", to_string(n.state)), w("cpu_time", ns(n.cpu_time));
    w("publishers", n.publishers), w("subscribers", n.subscribers), w("subscriptions", n.subscriptions);
  });
}

void write(JsonWriter& w, const PublisherSnapshot& p) {
  w.object([&] {
    w("port", p.port), w("node", p.node), w("pid", p.pid), w("program", p.program), w("alive", p.alive);
    w("state", to_string(p.state)), w("published", p.published), w("bytes", p.bytes), w("waits", p.waits);
    w("waiting_for", ns(p.waiting_for)), w("claim_open", p.claim_open), w("claim", p.claim);
    w("claim_age", ns(p.claim_age));
  });
}

void write(JsonWriter& w, const SubscriberSnapshot& s) {
  w.object([&] {
    w("port", s.port), w("node", s.node), w("pid", s.pid), w("program", s.program), w("alive", s.alive);
    w("node_state", to_string(s.node_state)), w("state", to_string(s.state)), w("name", s.name),
        w("pattern", s.pattern);
    w("adopted", s.adopted), w("delivery", text(s.delivery)), w("demoted", s.demoted);
    w("demote_after", ns(s.demote_after)), w("next_sequence", s.next_sequence), w("lag", s.lag);
    w("lag_time", ns(s.lag_time)), w("delivered", s.delivered), w("lost", s.lost), w("lapped", s.lapped);
    w("wakeups", s.wakeups), w("handler_errors", s.handler_errors), w("mismatched", s.mismatched);
    w.object("latency", [&] {
      w("count", s.latency.count()), w("mean", ns(s.latency.mean()));
      w("p50", ns(s.latency.percentile(50))), w("p99", ns(s.latency.percentile(99)));
      w.array("buckets", [&] {
        for (std::size_t i = 0; i < s.latency.buckets(); ++i) {
          if (s.latency.events(i) == 0) continue;
          w.object([&] {
            w("from", ns(s.latency.bound(i))), w("to", ns(s.latency.bound(i + 1))), w("events", s.latency.events(i));
          });
        }
      });
    });
    w("sleeping", s.sleeping), w("lapped_now", s.lapped_now), w("in_journal", s.in_journal), w("gating", s.gating);
    w("gating_for", ns(s.gating_for)), w("pinned_block", s.pinned_block);
    w.array("retained_blocks", [&] {
      for (const std::uint64_t block : s.retained_blocks) w.add(block);
    });
  });
}

void write(JsonWriter& w, const HeldPlaceSnapshot& p) {
  w.object([&] {
    w("port", p.port), w("name", p.name), w("held", p.held), w("node", p.node), w("pid", p.pid);
    w("program", p.program), w("node_state", to_string(p.node_state)), w("next_sequence", p.next_sequence);
    w("gating", p.gating), w("gating_for", ns(p.gating_for)), w("hold_for", ns(p.hold_for));
  });
}

void write(JsonWriter& w, std::string_view name, const JournalSnapshot& j) {
  w.object(name, [&] {
    w("state", to_string(j.state)), w("node", j.node), w("pid", j.pid), w("program", j.program), w("alive", j.alive);
    w("recorded", j.recorded), w("durable", j.durable), w("unrecorded", j.unrecorded), w("not_durable", j.not_durable);
    w("holds", j.holds), w("holding", j.holding), w("missing", j.missing), w("missing_end", j.missing_end);
    w("failures", j.failures), w("error", j.error), w("hand_overs", j.hand_overs), w("frames", j.frames);
    w("bytes", j.bytes), w("syncs", j.syncs), w("sync_time", ns(j.sync_time)), w("longest_sync", ns(j.longest_sync));
    w("files", j.files), w("files_bytes", j.files_bytes), w("first_held", j.first_held), w("free_bytes", j.free_bytes);
  });
}

void write(JsonWriter& w, const TopicSnapshot& t) {
  w.object([&] {
    members_of(w, t.info);
    w("published", t.published), w("bytes", t.bytes), w("oldest", t.oldest), w("opened_blocks", t.opened_blocks);
    w("memory", t.memory), w("dropped_blocks", t.dropped_blocks), w("repaired_claims", t.repaired_claims);
    w("repaired_ports", t.repaired_ports);
    w.array("publishers", [&] {
      for (const auto& p : t.publishers) write(w, p);
    });
    w.array("subscribers", [&] {
      for (const auto& s : t.subscribers) write(w, s);
    });
    w.array("places", [&] {
      for (const auto& p : t.places) write(w, p);
    });
    if (t.journal) write(w, "journal", *t.journal);
    w("problem", t.problem);
  });
}

void write(JsonWriter& w, const SubscriptionSnapshot& s) {
  w.object([&] {
    w("id", s.id), w("node", s.node), w("pid", s.pid), w("program", s.program), w("state", to_string(s.state));
    w("name", s.name), w("pattern", s.pattern), w("durable", s.durable), w("standing_by", s.standing_by);
    w("delivery", text(s.delivery)), w("unattached_count", s.unattached_count);
    w.array("unattached", [&] {
      for (const auto& u : s.unattached) {
        w.object([&] {
          w("topic", u.topic);
          w("code", u.code ? std::optional<std::string_view>(to_string(*u.code)) : std::nullopt);
        });
      }
    });
  });
}

void write(JsonWriter& w, const BlockSnapshot& b) {
  w.object([&] {
    w("number", b.number), w("physical", b.physical), w("newest", b.newest), w("first_sequence", b.first_sequence);
    w("events", b.events), w("opened", ns(b.opened)), w("pinned_by", b.pinned_by), w("retained_by", b.retained_by);
    w("gated_by", b.gated_by);
  });
}

void write(JsonWriter& w, const EventSnapshot& e) {
  w.object([&] {
    w("topic", e.topic), w("id", e.id.to_string()), w("sequence", e.sequence), w("time", ns(e.time));
    w("publisher", e.publisher), w("size", e.size);
    const std::string_view payload(reinterpret_cast<const char*>(e.payload.data()), e.payload.size());
    if (is_utf8(payload)) {
      w("text", payload);
    } else {
      w("base64", base64(e.payload));
    }
    w.array("headers", [&] {
      for (const auto& h : e.headers) w.object([&] { w("name", h.name), w("value", h.value); });
    });
    w("key", e.key);
    w("traceparent", e.trace ? std::optional(e.trace->traceparent()) : std::nullopt);
    w("cause", e.cause ? std::optional(e.cause->to_string()) : std::nullopt);
  });
}

void write(JsonWriter& w, const RecorderSnapshot& r) {
  w.object([&] {
    w("subscription", r.subscription), w("node", r.node), w("pid", r.pid), w("uid", r.uid), w("program", r.program);
    w("name", r.name), w("pattern", r.pattern), w("state", to_string(r.state)), w("started", ns(r.started));
    w("ended", ns(r.ended)), w("died", r.died), w("capacity", r.capacity), w("overwritten", r.overwritten);
    w.array("calls", [&] {
      for (const CallSnapshot& c : r.calls) {
        w.object([&] {
          w("id", hexadecimal(c.id)), w("event", c.event.to_string()), w("topic", c.topic), w("began", ns(c.began));
          w("ended", ns(c.ended)), w("outcome", to_string(c.outcome)), w("error", c.error), w("worker", c.worker);
        });
      }
    });
    w("problem", r.problem);
  });
}

void write(JsonWriter& w, const DurableSnapshot& d) {
  w.object([&] {
    w("name", d.name), w("pattern", d.pattern), w("created", ns(d.created)), w("held", d.held), w("node", d.node);
    w("pid", d.pid), w("program", d.program), w("state", to_string(d.state)), w("standing_by", d.standing_by);
    w("behind", d.behind), w("dropped", d.dropped);
    w.array("topics", [&] {
      for (const auto& t : d.topics) {
        w.object([&] {
          w("topic", t.topic), w("acknowledged", t.acknowledged), w("published", t.published), w("behind", t.behind);
          w("dropped", t.dropped), w("problem", t.problem);
        });
      }
    });
    w("problem", d.problem);
  });
}

void write(JsonWriter& w, std::string_view name, const GroupCounts& c) {
  w.object(name, [&] {
    w("leases", c.leases), w("acknowledged", c.acknowledged), w("given_back", c.given_back), w("rejected", c.rejected);
    w("expired", c.expired), w("redelivered", c.redelivered), w("dead_letters", c.dead_letters);
    w("unpublished", c.unpublished), w("lost", c.lost);
  });
}

/// Those that a group's file records.
void write(JsonWriter& w, std::string_view name, const GroupOptions& o) {
  w.object(name, [&] {
    w("window", o.window), w("in_flight", o.in_flight), w("lease", ns(o.lease)), w("lease_most", ns(o.lease_most));
    w("max_deliveries", o.max_deliveries);
    w.array("backoff", [&] {
      for (const auto time : o.backoff) w.add(ns(time));
    });
    w("dead_letters", o.dead_letters), w("order", o.order == Order::by_key ? "by_key" : "any");
    w("abandon_after", ns(o.abandon_after));
  });
}

void write(JsonWriter& w, const GroupMemberSnapshot& m) {
  w.object([&] {
    w("number", m.number), w("name", m.name), w("node", m.node), w("pid", m.pid), w("program", m.program);
    w("state", to_string(m.state)), w("joined", ns(m.joined)), w("leased", m.leased), write(w, "counts", m.counts);
  });
}

void members_of(JsonWriter& w, const GroupEventSnapshot& e) {
  w("sequence", e.sequence), w("state", to_string(e.state)), w("deliveries", e.deliveries), w("member", e.member);
  w("node", e.node), w("pid", e.pid), w("node_state", to_string(e.node_state)), w("leased_for", ns(e.leased_for));
  w("left", ns(e.left));
}

void write(JsonWriter& w, const GroupEventSnapshot& e) {
  w.object([&] { members_of(w, e); });
}

void write(JsonWriter& w, const GroupSnapshot& g) {
  w.object([&] {
    w("topic", g.topic), w("group", g.group), w("id", g.id), w("in_journal", g.in_journal), w("created", ns(g.created));
    write(w, "options", g.options);
    w.array("members", [&] {
      for (const GroupMemberSnapshot& m : g.members) write(w, m);
    });
    w("floor", g.floor), w("walked", g.walked), w("published", g.published), w("lag", g.lag), w("leased", g.leased);
    w("waiting", g.waiting), w("unread", g.unread());
    if (g.oldest) {
      w.object("oldest", [&] { members_of(w, *g.oldest); });
    } else {
      w("oldest", std::optional<std::string_view>());
    }
    w("oldest_age", ns(g.oldest_age)), write(w, "counts", g.counts), w("deaths", g.deaths), w("cautious", g.cautious);
    w("cautious_for", ns(g.cautious_for)), w("cautious_times", g.cautious_times), w("full", g.full);
    w("full_for", ns(g.full_for)), w("problem", g.problem);
  });
}

void write(JsonWriter& w, const Leftover& l) {
  w.object([&] {
    w("kind", to_string(l.kind)), w("node", l.node), w("pid", l.pid), w("program", l.program), w("name", l.name);
    w("port", l.port), w("memory", l.memory), w("reapable", l.reapable());
  });
}

void write(JsonWriter& w, const BusFiles& f) {
  w.object([&] {
    w("bus", f.bus), w("files", f.files), w("memory", f.memory), w("owner", f.owner), w("has_registry", f.has_registry);
  });
}

void write(JsonWriter& w, const TopicProblem& p) {
  w.object([&] { w("topic", p.topic), w("code", to_string(p.code)), w("reason", p.reason); });
}

void write(JsonWriter& w, const UnattachedTopic& t) {
  w.object([&] { w("topic", t.topic), w("code", to_string(t.code)), w("reason", t.reason); });
}

void write(JsonWriter& w, const std::string& name) { w.add(name); }

template <class Element>
std::string array_of(const std::vector<Element>& all) {
  JsonWriter w;
  w.array([&] {
    for (const auto& element : all) write(w, element);
  });
  return w.take();
}

}  // namespace

void members_of(JsonWriter& w, const TopicInfo& i) {
  w("name", i.name), w("id", i.id), w("block_size", i.block_size), w("blocks", i.blocks);
  w("max_payload", i.max_payload), w("timestamps", i.timestamps), w("writers", text(i.writers)), w("mode", i.mode);
  w("reserved", i.reserved), w("accepts_raw", i.accepts_raw), w("content", text(i.content));
  w("type_name", i.type_name), w("type_size", i.type_size), w("type_alignment", i.type_alignment);
  w("type_layout", i.type_layout), w("type_fields", i.type_fields), w("journal_kind", text(i.journal.kind()));
  w("journal_period", ns(i.journal.period()));
  w.object("retain",
           [&] { w("bytes", i.retain.bytes), w("age", ns(i.retain.age)), w("acknowledged", i.retain.acknowledged); });
  w("when_behind", i.when_behind == WhenBehind::skip ? "skip" : "hold");
  w("unrecorded_limit", ns(i.unrecorded_limit)), w("segment_file", i.segment_file);
  w("first_sequence", i.first_sequence);
}

std::string json_of(const BusSnapshot& b) {
  JsonWriter w;
  w.object([&] {
    w("name", b.name), w("incarnation", b.incarnation), w("taken", ns(b.taken));
    w("steady", ns(std::chrono::nanoseconds(b.steady.time_since_epoch()))), w("created", ns(b.created));
    w("mode", b.mode), w("owner", b.owner), w("stall_limit", ns(b.stall_limit)), w("journals", b.journals);
    w("cycle_clock", b.cycle_clock), w("removed", b.removed), w("shm_size", b.shm_size), w("shm_free", b.shm_free);
    w.array("nodes", [&] {
      for (const auto& n : b.nodes) write(w, n);
    });
    w.array("topics", [&] {
      for (const auto& t : b.topics) write(w, t);
    });
    w.array("unfinished", [&] {
      for (const auto& u : b.unfinished) {
        w.object([&] { w("name", u.name), w("creator", u.creator), w("creator_state", to_string(u.creator_state)); });
      }
    });
    w.array("subscriptions", [&] {
      for (const auto& s : b.subscriptions) write(w, s);
    });
  });
  return w.take();
}

std::string json_of(const RingSnapshot& ring) {
  JsonWriter w;
  w.object([&] {
    w.array("slots", [&] {
      for (const auto& b : ring.slots) write(w, b);
    });
    w.array("outside", [&] {
      for (const auto& b : ring.outside) write(w, b);
    });
  });
  return w.take();
}

std::string json_of(const EventSnapshot& event) {
  JsonWriter w;
  write(w, event);
  return w.take();
}

std::string json_of(const std::vector<EventSnapshot>& all) { return array_of(all); }
std::string json_of(const std::vector<RecorderSnapshot>& all) { return array_of(all); }
std::string json_of(const std::vector<DurableSnapshot>& all) { return array_of(all); }
std::string json_of(const std::vector<GroupSnapshot>& all) { return array_of(all); }
std::string json_of(const std::vector<GroupEventSnapshot>& all) { return array_of(all); }
std::string json_of(const std::vector<Leftover>& all) { return array_of(all); }
std::string json_of(const std::vector<BusFiles>& all) { return array_of(all); }
std::string json_of(const std::vector<TopicProblem>& all) { return array_of(all); }
std::string json_of(const std::vector<UnattachedTopic>& all) { return array_of(all); }
std::string json_of(const std::vector<std::string>& all) { return array_of(all); }

}  // namespace shmbus::c
