#include "common/stream_position.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace streaming {
namespace {

constexpr std::string_view position_table = R"sql(
  CREATE TABLE IF NOT EXISTS position (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_event TEXT NOT NULL,  -- bus, topic and sequence
    first INTEGER NOT NULL, handled INTEGER NOT NULL, lost INTEGER NOT NULL, unreadable INTEGER NOT NULL,
    hash TEXT NOT NULL);  -- as in the report
)sql";

}  // namespace

PositionTable::PositionTable(StateDatabase& state)
    : state_(state),
      load_(state.with(position_table)
                .prepare("SELECT last_event, first, handled, lost, unreadable, hash FROM position")),
      save_(state.prepare("INSERT OR REPLACE INTO position VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)")) {}

StreamPosition PositionTable::load() {
  StreamPosition position;
  load_.each<std::string, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t, std::string>(
      [&](const std::string& last, std::uint64_t first, std::uint64_t handled, std::uint64_t lost,
          std::uint64_t unreadable, const std::string& hash) {
        const std::optional<shmbus::EventId> id = shmbus::EventId::parse(last);
        if (!id) state_.refuse(fmt::format("the position '{}'", last));
        position = {.last = *id,
                    .first = first,
                    .handled = handled,
                    .lost = lost,
                    .unreadable = unreadable,
                    .hash = StreamHash(std::strtoull(hash.c_str(), nullptr, 16))};
      });
  return position;
}

void PositionTable::save(const StreamPosition& position) {
  save_.run(std::string_view{position.last.to_string()}, position.first, position.handled, position.lost,
            position.unreadable, std::string_view{fmt::format("{:016x}", position.hash.value())});
}

}  // namespace streaming
