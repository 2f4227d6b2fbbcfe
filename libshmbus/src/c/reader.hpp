#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "c/call.hpp"
#include "shmbus/event_reader.hpp"
#include "shmbus/journal_files.hpp"

namespace shmbus::c {

/// What a handle of a reader names: it copies the events of topics, or of a journal.
struct ReaderObject {
  static constexpr Kind kKind = Kind::reader;
  explicit ReaderObject(EventReader r) : source(std::move(r)) {}
  explicit ReaderObject(JournalEvents j) : source(std::move(j)) {}

  const EventSnapshot* next() {
    return std::visit([](auto& s) { return s.next(); }, source);
  }
  std::uint64_t lost() {
    return std::visit([](auto& s) { return s.lost(); }, source);
  }

  std::variant<EventReader, JournalEvents> source;
  std::string json{};  // what was returned last
  std::vector<shmbus_header> headers{};
};

template <class Source>
shmbus_status open_reader(Source source, shmbus_reader& reader) {
  return open_handle(std::make_unique<ReaderObject>(std::move(source)), reader.number);
}

}  // namespace shmbus::c
