#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bus_name.hpp"
#include "durable/durable_record.hpp"
#include "registry/registry.hpp"

// The files of durable subscriptions in shared memory.
namespace shmbus::durable {

/// Returns the place of a cursor in shared memory.
platform::FilePlace cursor_place(const base::BusName& bus, const base::CursorName& cursor);

/// Returns the names of a bus that have a record, sorted.
std::vector<base::DurableName> list_names(const base::BusName& bus);
/// Returns the cursors of one name.
std::vector<base::CursorName> list_cursors(const base::BusName& bus, const base::DurableName& name);

/// Removes all files of a name. *Requires* that the caller holds the name's lock, and the lock on the bus's name.
/// Returns false where there are none. *Throws* Error. If the process dies half-way, the next holder of the name
/// goes on: the record says so until the last cursor is gone.
bool remove_files(const registry::Registry& registry, const base::DurableName& name);

/// The cursors and records that are of no use: of topics that do not exist any more, or of an earlier bus. `exists` says
/// whether a topic with this name and id exists; where that is not known, it returns true.
std::vector<std::string> useless_files(const registry::Registry& registry,
                                       const std::function<bool(const base::TopicName&, std::uint64_t)>& exists);

/// Unlinks a file that `useless_files` found. Returns false where it is gone, or a holder has made the record anew.
/// *Requires* that the caller holds the lock on the bus's name. *Throws* Error.
bool unlink_useless(const registry::Registry& registry, const std::string& file);

}  // namespace shmbus::durable
