#include "recording.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "printable_text.hpp"
#include "shmbus/error.hpp"

namespace shmbus::daemon {
namespace {

bool has_journal(const BusSnapshot& bus) {
  return std::any_of(bus.topics.begin(), bus.topics.end(),
                     [](const TopicSnapshot& t) { return t.journal.has_value(); });
}

}  // namespace

void Recording::set(bool record, std::vector<uid_t> owners) {
  record_ = record;
  if (!record || owners != owners_) members_.clear();
  owners_ = std::move(owners);
}

void Recording::look(const std::vector<Look>& looks) {
  if (!record_) return;
  std::erase_if(members_, [&](const auto& known) {
    return std::none_of(looks.begin(), looks.end(), [&](const Look& look) {
      return look.bus == known.first && look.snapshot && look.snapshot->incarnation == known.second.incarnation &&
             has_journal(*look.snapshot);
    });
  });
  for (const Look& look : looks) {
    if (look.snapshot && has_journal(*look.snapshot)) join(look, members_[look.bus]);
  }
}

void Recording::join(const Look& look, Member& member) try {
  member.incarnation = look.snapshot->incarnation;
  if (member.bus) return;
  member.bus = Bus::open(look.bus, {.owners = owners_, .create = false, .record = Record::all});
  member.problem.clear();
  spdlog::info("bus '{}': records its journaled topics whenever no other process does", look.bus);
} catch (const Error& error) {
  if (error.code() == ErrorCode::not_found) return;  // it was removed meanwhile
  if (member.problem != error.what())
    spdlog::error("bus '{}' can't be recorded: {}", look.bus, tool::printable(error.what()));
  member.problem = error.what();
}

}  // namespace shmbus::daemon
