#pragma once

#include <stdlib.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/forked_process.hpp"
#include "support/numbered_event.hpp"
#include "support/segments.hpp"
#include "support/temporary_bus.hpp"
#include "support/time_limits.hpp"

namespace test {

/// A bus with a folder of its own for journals. All of both is removed at the end. The folder lies in memory, since most
/// tests only ask what is written and not what it costs to sync.
class JournaledBus {
 public:
  enum class On { memory, disk };

  explicit JournaledBus(On on = On::memory) {
    const std::filesystem::path parent = on == On::memory ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string path = parent / "shmbus-test-XXXXXX";
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = path;
  }
  JournaledBus(const JournaledBus&) = delete;
  JournaledBus& operator=(const JournaledBus&) = delete;
  ~JournaledBus() {
    try {
      shmbus::Bus::remove(name());  // what records it writes what is left, before its folder goes
    } catch (const shmbus::Error&) {
    }
    reboot();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  const std::string& name() const noexcept { return bus_.name(); }
  const std::string& journals() const noexcept { return folder_; }
  /// Where the journal of a topic lies.
  std::string folder(const std::string& topic) const { return folder_ + "/" + name() + "/" + topic; }

  shmbus::BusOptions options(shmbus::Record record = shmbus::Record::own) const {
    return {.stall_limit = std::chrono::milliseconds{200}, .journals = folder_, .record = record};
  }
  shmbus::Bus open(shmbus::Record record = shmbus::Record::own) const {
    return shmbus::Bus::open(name(), options(record));
  }
  /// Takes away all that the machine's memory holds of the bus, as its end does. *Requires* that no process uses it.
  void reboot() const { Segments{name()}; }

  shmbus::JournalSnapshot journal(const std::string& topic) const {
    for (const auto& t : shmbus::Inspector(name()).snapshot().topics) {
      if (t.info.name == topic && t.journal) return *t.journal;
    }
    throw std::runtime_error("no journal of " + topic);
  }

 private:
  TemporaryBus bus_;
  std::string folder_;
};

/// What publishers that number their events have to say; see NumberedReading.
inline std::uint64_t numbered_word(std::uint64_t publisher, std::uint64_t number) { return number << 8 | publisher; }

/// Publishes event `number` of a publisher, of 1 to 40 words.
inline shmbus::PublishResult publish_numbered(shmbus::Publisher& publisher, std::uint64_t self, std::uint64_t number) {
  return SelfChecking::publish(publisher, numbered_word(self, number), 1 + number % 40);
}

/// Checks the events of such publishers: each whole, in order, and none twice. Throws std::runtime_error.
class NumberedReading {
 public:
  void operator()(const shmbus::Event& event) {
    require(SelfChecking::whole(event.payload()), "a torn event " + std::to_string(event.sequence()));
    require(event.sequence() > sequence_,
            "event " + std::to_string(event.sequence()) + " after event " + std::to_string(sequence_));
    if (first_ == 0) first_ = event.sequence();
    sequence_ = event.sequence();
    ++events_;
    const std::uint64_t word = SelfChecking::number(event.payload());
    Publisher& p = publishers_[word & 0xff];
    const std::uint64_t number = word >> 8;
    require(number > p.last, "a publisher's events out of order");
    p.gaps += number - p.last - 1;
    p.last = number;
  }

  std::uint64_t first() const noexcept { return first_; }        ///< sequence
  std::uint64_t sequence() const noexcept { return sequence_; }  ///< the last
  std::uint64_t events() const noexcept { return events_; }
  /// A publisher's last number.
  std::uint64_t last(std::uint64_t publisher) { return publishers_[publisher].last; }
  /// How many of its numbers were not seen.
  std::uint64_t gaps(std::uint64_t publisher) { return publishers_[publisher].gaps; }

 private:
  struct Publisher {
    std::uint64_t last = 0, gaps = 0;
  };
  std::uint64_t first_ = 0, sequence_ = 0, events_ = 0;
  std::map<std::uint64_t, Publisher> publishers_;
};

/// Polls until a condition holds.
template <class Handler, class Condition>
void poll_until(shmbus::Subscriber& subscriber, const std::string& what, Handler&& handler, Condition&& done) {
  const Deadline deadline;
  while (!done()) {
    if (subscriber.poll(handler) == 0) subscriber.wait(std::chrono::milliseconds{20});
    deadline.check(what);
  }
}

}  // namespace test
