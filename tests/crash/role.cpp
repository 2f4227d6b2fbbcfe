#include "crash/role.hpp"

#include <stdexcept>

#include "crash/role_actions.hpp"

namespace crash {

namespace {

const std::vector<Trap> kOpenClaims = {{"publisher", "publish.granted", SIGKILL, 5},
                                       {"publisher", "publish.claimed", SIGKILL, 5},
                                       {"publisher", "seal.granted"},
                                       {"publisher", "publish.headed", SIGKILL, 5}};

/// Traps at each step of a batch, with none, one or several of its events committed.
const std::vector<Trap> kBatches = {{"publisher", "publish_all.granted", SIGKILL, 3},
                                    {"publisher", "publish_all.claimed", SIGKILL, 3},
                                    {"publisher", "publish_all.committed", SIGKILL, 8},
                                    {"publisher", "publish_all.headed", SIGKILL, 17},
                                    {"publisher", "publish_all.written", SIGKILL, 12}};

const std::vector<Trap> kDeadReaders = {{"reliable reader", "read.delivered"},
                                        {"retaining reader", "retain.stored"},
                                        {"reliable reader", "sleep.ordered"},
                                        {"lossy reader", "attach_subscriber.listed"}};

const std::vector<Trap> kHalfTopics = {{"creator", "topic.taken"},
                                       {"creator", "topic.announced"},
                                       {"creator", "create.log_linked"},
                                       {"creator", "create.linked"},
                                       {"creator", "topic.ready"},
                                       {"remover of a topic", "remove.renamed"},
                                       {"remover of a topic", "remove.marked"}};

}  // namespace

const std::vector<Role>& all_roles() {
  static const std::vector<Role> roles = {
      {.name = "publisher", .act = publish},
      {.name = "overtaken publisher", .act = publish, .pause = "publish.claimed"},
      {.name = "steady publisher", .act = publish_alone_and_steadily},
      {.name = "steady publisher of batches", .act = publish_batches_alone_and_steadily},
      {.name = "publisher with a loan", .act = hold_a_loan},
      {.name = "lossy reader", .act = read_lossy},
      {.name = "reliable reader", .act = read_reliably},
      {.name = "retaining reader", .act = read_and_retain},
      {.name = "reader by descriptor", .act = read_by_descriptor},
      {.name = "slow reader", .act = fall_behind},
      {.name = "reader that records", .act = record_calls},
      {.name = "durable reader", .act = read_durably},
      {.name = "holder of a place", .act = hold_a_place},
      {.name = "publisher beside a kept place",
       .act = publish,
       .late_survivors = true,
       .traps = {{"holder of a place", "held_place.moved"}}},
      {.name = "guest", .act = come_and_go},
      {.name = "creator", .act = create_topics, .survivors = creators},
      {.name = "listener", .act = listen_to_new_topics, .survivors = creators},
      {.name = "leaver", .act = subscribe_and_leave, .survivors = creators},
      {.name = "remover of a topic", .act = create_and_remove_one_topic, .survivors = rivals},
      {.name = "remover of a bus", .act = make_and_remove_a_bus, .survivors = rivals},
      {.name = "lone remover of a bus", .act = make_and_remove_a_bus, .survivors = nobody},
      {.name = "loser of a registry", .act = lose_a_registry, .survivors = nobody},
      {.name = "recorder of types", .act = record_types, .survivors = publishers},
      {.name = "exclusive publisher", .act = publish, .topic = "x", .late_survivors = true},
      {.name = "exclusive successor",
       .act = publish,
       .topic = "x",
       .late_survivors = true,
       .traps = {{"exclusive publisher", "publish.committed", SIGKILL, 5}}},
      {.name = "successor of an exclusive batch",
       .act = publish,
       .topic = "x",
       .late_survivors = true,
       .traps = {{"exclusive publisher", "publish_all.committed", SIGKILL, 9}}},
      {.name = "successor of an exclusive seal",
       .act = publish,
       .topic = "x",
       .late_survivors = true,
       .traps = {{"exclusive publisher", "seal.committed"}}},
      {.name = "publisher short of memory", .act = publish, .topic = "s", .blocks_of_memory = 3},

      // Roles that repair what others left.
      {.name = "repairing reader", .act = read_reliably, .late_survivors = true, .traps = kOpenClaims},
      {.name = "repairing publisher", .act = publish, .late_survivors = true, .traps = kDeadReaders},
      {.name = "reaper of open claims", .act = reap, .late_survivors = true, .traps = kOpenClaims},
      {.name = "repairing reader of batches", .act = read_reliably, .late_survivors = true, .traps = kBatches},
      {.name = "reaper of batches", .act = reap, .late_survivors = true, .traps = kBatches},
      {.name = "reaper beside a living batch",
       .act = reap,
       .late_survivors = true,
       .traps = {{"steady publisher of batches", "publish_all.claimed", SIGKILL, 2},
                 {"steady publisher of batches", "publish_all.committed", SIGSTOP, 2}}},
      {.name = "reaper of a repairer of batches",
       .act = reap,
       .late_survivors = true,
       .traps = {{"publisher", "publish_all.committed", SIGKILL, 8}, {"reaper", "repair.headed"}}},
      {.name = "publisher overtaken in a batch", .act = publish, .pause = "publish_all.claimed"},
      {.name = "reaper of readers", .act = reap, .late_survivors = true, .traps = kDeadReaders},
      {.name = "reaper of topics", .act = reap, .survivors = creators, .late_survivors = true, .traps = kHalfTopics},
      {.name = "reaper beside a living claim",
       .act = reap,
       .late_survivors = true,
       .traps = {{"steady publisher", "publish.claimed"}, {"steady publisher", "publish.granted", SIGSTOP}}},
      {.name = "reaper of an exclusive publisher",
       .act = reap,
       .topic = "x",
       .late_survivors = true,
       .traps = {{"exclusive publisher", "publish.committed", SIGKILL, 3}}},
      {.name = "reaper of a repairer",
       .act = reap,
       .late_survivors = true,
       .traps = {{"publisher", "publish.granted", SIGKILL, 5}, {"reaper", "repair.headed"}}},
      {.name = "reaper", .act = reap},
      {.name = "finisher of a rotation",
       .act = publish,
       .late_survivors = true,
       .traps = {{"publisher", "rotate.linked"}, {"publisher", "rotate.reserved"}, {"publisher", "rotate.linked"}}},
      {.name = "publisher beside a stopped reader",
       .act = publish,
       .late_survivors = true,
       .traps = {{"slow reader", "read.delivered", SIGSTOP}}},
      {.name = "publisher beside an orphan", .act = publish_beside_an_orphan, .survivors = publishers},
      {.name = "publisher that demotes",
       .act = publish,
       .late_survivors = true,
       .traps = {{"polite reader", "read.delivered", SIGSTOP}}},
      {.name = "polite reader",
       .act =
           [](const Stage& stage) {
             Stage polite = stage;
             polite.polite = true;
             read_reliably(polite);
           }},
      {.name = "journaled publisher", .act = publish, .topic = "j"},
      {.name = "heir of a recorder",
       .act = publish,
       .topic = "j",
       .late_survivors = true,
       .traps = {{"journaled publisher", "recorder.written"}}},
      {.name = "publisher ahead of its disk", .act = publish, .topic = "k"},
      {.name = "laggard", .act = lag_and_catch_up, .topic = "j"},
      {.name = "waiter for the disk", .act = wait_for_the_disk, .topic = "j"},
      {.name = "recorder of a full disk", .act = record_on_a_full_disk, .topic = "j", .survivors = nobody},
      {.name = "reviver", .act = revive_a_bus, .survivors = nobody},
      {.name = "member of a group", .act = share_a_group, .survivors = publishers | readers | rivals},
      {.name = "member of a group by key", .act = share_a_group_by_key, .survivors = publishers | readers | rivals},
      {.name = "heir of a group",
       .act = share_a_group,
       .late_survivors = true,
       .traps = {{"member of a group", "group.leased"}, {"member of a group", "group_gate.made"}}},
      {.name = "member behind a gap", .act = fall_behind_a_group, .survivors = nobody},
      {.name = "member of a revived group", .act = revive_a_group, .survivors = nobody},
      {.name = "publisher overtaken in a rotation", .act = publish, .pause = "rotate.filled"},
      {.name = "creator overtaken",
       .act = create_and_remove_one_topic,
       .survivors = rivals,
       .pause = "create.formatted"},
  };
  return roles;
}

const Role& role(const std::string& name) {
  for (const Role& r : all_roles()) {
    if (r.name == name) return r;
  }
  throw std::logic_error("no role " + name);
}

}  // namespace crash
