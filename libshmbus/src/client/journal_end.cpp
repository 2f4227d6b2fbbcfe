#include "client/journal_end.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "recording/journal_home.hpp"
#include "recording/recorder.hpp"
#include "shmbus/error.hpp"

namespace shmbus::detail {

using recording::JournalHome;

JournalEnd::JournalEnd(const base::BusName& bus) noexcept {
  try {
    const auto registry = registry::Registry::find(bus, platform::Access::read_only, {});
    if (!registry || registry->removed() || JournalHome(*registry).topics().empty()) return;
    own_ = std::make_unique<BusCore>(bus, BusOptions{.create = false, .record = Record::none});
    for (const auto& topic : own_->topics().ready()) {
      const auto segment = own_->find(*topic.name, platform::Access::read_only);
      if (segment && segment->journal() != nullptr) topics_.push_back(segment);
    }
  } catch (const std::exception&) {
    // A bus that can't be opened is removed all the same. Its journals stay in use: the next bus of its name goes on.
  }
}

JournalEnd::JournalEnd(BusCore& bus, const base::TopicName& topic) noexcept {
  try {
    const auto segment = bus.find(topic, platform::Access::read_only);
    if (segment && segment->journal() != nullptr) topics_.push_back(segment);
  } catch (const std::exception&) {
  }
}

void JournalEnd::finish() noexcept {
  for (const auto& segment : topics_) {
    if (!segment->removed() && !segment->node().registry().removed()) continue;
    const JournalHome home(segment->node().registry());
    try {
      auto storage = home.open(segment->name());
      if (!storage) continue;
      auto lock = recording::lock_journal(*storage, home.object(segment->name()));
      if (lock)
        recording::Recorder(segment, std::move(storage), std::move(*lock), BusOptions{}.low_space).run_once();
      else
        segment->ring(segment->journal()->recorder_bell.load(std::memory_order_acquire));
    } catch (const std::exception&) {
      // Without the right to write it: the journal stays in use.
    }
  }
}

void JournalEnd::erase() {
  using namespace std::chrono_literals;
  finish();
  for (const auto& segment : topics_) {
    const JournalHome home(segment->node().registry());
    const std::string object = home.object(segment->name());
    const auto storage = home.open(segment->name());
    if (!storage) continue;
    std::optional<platform::LockedByte> lock;
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!(lock = recording::lock_journal(*storage, object))) {
      if (std::chrono::steady_clock::now() > give_up) {
        throw Error(ErrorCode::busy, {object, "to be free, to remove it", "a process that still records it",
                                      "end that process, and remove the folder " + storage->path()});
      }
      std::this_thread::sleep_for(1ms);
    }
    std::error_code error;
    std::filesystem::remove_all(storage->path(), error);
    if (error) {
      throw Error(ErrorCode::system,
                  {object, "to be removed", error.message(), "remove the folder " + storage->path()});
    }
  }
}

}  // namespace shmbus::detail
