#include "recording/new_journal.hpp"

#include <algorithm>

#include "journal/failure.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "journal/numbers.hpp"
#include "recording/journal_home.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::recording {

namespace {

journal::Numbers open_numbers(journal::Storage& storage, const std::string& object) {
  journal::Numbers numbers;
  if (const int error = numbers.open(storage); error != 0)
    throw journal::storage_error(error, object, "its reserved numbers, in the file 'numbers'");
  return numbers;
}

/// Events of an earlier topic of that name stay readable together with the new ones, so their records must have one form.
void check_form(journal::Storage& storage, const journal::Description& wanted, const std::string& object) {
  const auto reader = journal::JournalReader::open(storage);
  journal::Extent extent;
  if (const int error = reader->extent(extent); error != 0)
    throw journal::storage_error(error, object, "the events that it holds");
  const journal::Description& found = reader->description();
  if (extent.first == 0 || (found.record_header == wanted.record_header && found.alignment == wanted.alignment &&
                            found.timestamps == wanted.timestamps))
    return;
  const auto form = [](const journal::Description& d) {
    return std::string(d.timestamps ? "time stamps" : "no time stamps") + ", records aligned to " +
           std::to_string(d.alignment);
  };
  throw Error(ErrorCode::invalid_option, {object + ", which exists", form(found), form(wanted),
                                          "create the topic as it was, or remove the journal with the topic: shmbus rm "
                                          "--journal --topic " +
                                              wanted.topic});
}

}  // namespace

std::optional<NewJournal> NewJournal::prepare(const registry::Registry& registry, const base::TopicName& name,
                                              std::uint64_t id, const TopicOptions& options, const TypeInfo* type) {
  const JournalHome home(registry);
  const std::string object = home.object(name);
  auto storage = home.create(name, options.mode, options.group);
  auto lock = lock_journal(*storage, object);
  if (!lock) return std::nullopt;
  SHMBUS_CRASH_POINT("journal.locked");
  const journal::Description description = describe(registry, name, id, options, type);
  journal::Numbers numbers = open_numbers(*storage, object);
  if (numbers.end() != 0) check_form(*storage, description, object);
  const std::uint64_t first = numbers.next() != 0 ? numbers.next() : std::max<std::uint64_t>(numbers.end(), 1);
  if (const int error = numbers.reserve(first + kNumbersAtOnce); error != 0)
    throw journal::storage_error(error, object, "room to reserve the numbers of events");
  SHMBUS_CRASH_POINT("journal.reserved");
  journal::JournalWriter::open(*storage, description);  // recovers, and stores the description
  SHMBUS_CRASH_POINT("journal.described");
  return NewJournal{std::move(storage), std::move(*lock), {first, numbers.end()}};
}

std::optional<LeftTopic> left_topic(const registry::Registry& registry, const base::TopicName& name) {
  const JournalHome home(registry);
  const auto storage = home.open(name);
  if (!storage) return std::nullopt;
  const journal::Numbers numbers = open_numbers(*storage, home.object(name));
  if (numbers.end() == 0 || numbers.next() != 0) return std::nullopt;
  LeftTopic left;
  left.description = std::make_unique<journal::Description>(journal::JournalReader::open(*storage)->description());
  left.id = left.description->topic_id;
  left.options = options_of(*left.description);
  left.type = type_of(*left.description);
  return left;
}

}  // namespace shmbus::recording
