#include "storm/roles.hpp"

namespace storm {

std::vector<Role> all_roles(unsigned publishers, unsigned readers) {
  std::vector<Role> roles{
      {.name = "auditor", .act = audit, .first = true},
      {.name = "auditor, exclusive", .act = audit, .topic = kExclusive, .first = true},
      {.name = "standing subscriber", .act = listen_to_new_topics, .harm = Harm::stops, .first = true},

      {.name = "lossy reader", .act = read_lossy, .keeps_ledger = true},
      {.name = "reliable reader", .act = read_reliably, .keeps_ledger = true},
      {.name = "lossy reader, stopped", .act = read_lossy, .harm = Harm::stops, .keeps_ledger = true},
      {.name = "polite reader, stopped", .act = read_politely, .harm = Harm::stops, .keeps_ledger = true},
      {.name = "descriptor reader, stopped", .act = read_by_descriptor, .harm = Harm::stops, .keeps_ledger = true},
      {.name = "retaining reader, stopped", .act = read_and_retain, .harm = Harm::stops, .keeps_ledger = true},
      {.name = "slow reader, stopped", .act = read_slowly, .harm = Harm::stops, .keeps_ledger = true},
      {.name = "handler, stopped", .act = dispatch, .harm = Harm::stops, .keeps_ledger = true},
      {.name = "lossy reader, exclusive", .act = read_lossy, .topic = kExclusive, .keeps_ledger = true},
      {.name = "polite reader, exclusive, stopped",
       .act = read_politely,
       .topic = kExclusive,
       .harm = Harm::stops,
       .keeps_ledger = true},
      {.name = "reader that comes and goes", .act = come_and_go},
      {.name = "reader that comes and goes, killed", .act = come_and_go, .harm = Harm::kills},
      {.name = "reader, exclusive, killed", .act = read_as_any, .topic = kExclusive, .harm = Harm::kills},

      {.name = "publisher", .act = publish, .publishes = true},
      {.name = "publisher, stopped", .act = publish, .harm = Harm::stops, .publishes = true},
      {.name = "publisher, exclusive", .act = publish_exclusively, .topic = kExclusive, .publishes = true},
      {.name = "publisher, exclusive, stopped",
       .act = publish_exclusively,
       .topic = kExclusive,
       .harm = Harm::stops,
       .publishes = true},
      {.name = "publisher, exclusive, killed",
       .act = publish_exclusively,
       .topic = kExclusive,
       .harm = Harm::kills,
       .publishes = true},

      {.name = "publisher, wild, stopped", .act = publish, .topic = kWild, .harm = Harm::stops, .publishes = true},
      {.name = "publisher, wild, killed", .act = publish, .topic = kWild, .harm = Harm::kills, .publishes = true},
      {.name = "publisher, wild, killed", .act = publish, .topic = kWild, .harm = Harm::kills, .publishes = true},
      {.name = "reader, wild", .act = read_wildly, .topic = kWild},
      {.name = "reader, wild, stopped", .act = read_wildly, .topic = kWild, .harm = Harm::stops},
      {.name = "reader, wild, killed", .act = read_wildly, .topic = kWild, .harm = Harm::kills},

      {.name = "creator of topics", .act = create_topics},
      {.name = "creator of topics, killed", .act = create_topics, .harm = Harm::kills},
      {.name = "reaper, killed", .act = reap_and_look, .harm = Harm::kills},
  };
  for (unsigned i = 0; i < publishers; ++i) {
    roles.push_back({.name = "publisher, killed", .act = publish, .harm = Harm::kills, .publishes = true});
  }
  for (unsigned i = 0; i < readers; ++i) {
    roles.push_back({.name = "reader, killed", .act = read_as_any, .harm = Harm::kills});
  }
  return roles;
}

}  // namespace storm
