// What is compared once all processes have left: what was published, what is in the journals, and what was handed out.

#include <cstdio>
#include <map>

#include "journal/disk_storage.hpp"
#include "journal/journal_reader.hpp"
#include "journal/records.hpp"
#include "journal/verification.hpp"
#include "journal_storm/books.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "support/bus_leftovers.hpp"
#include "support/numbered_event.hpp"

namespace journal_storm {

namespace journal = shmbus::journal;
using journal::Stretch;
using test::require;

namespace {

class TopicBalance {
 public:
  TopicBalance(const Stage& stage, unsigned topic)
      : stage_(stage),
        kind_(topics()[topic]),
        topic_(topic),
        books_(*stage.books),
        acknowledged_(stage.board().acknowledged),
        end_(stage.board().end[topic]),
        storage_(journal::DiskStorage::open(stage.journals, {stage.bus, kind_.name}, {})) {
    require(storage_ != nullptr, text("no journal"));
  }

  void run() {
    stage_.step("verify a journal");
    journal::Verification report;
    require(journal::verify(*storage_, report) == 0 && report.whole(), text("a damaged journal"));
    walk();
    check_names();
    std::printf(
        "  %-8s %10llu events, %llu missing, %llu removed, %llu not noted by authors that were killed, %llu given up\n",
        kind_.name, number(events_), number(missing_), number(first_ - 1), number(unnoted_.size()), number(given_up_));
  }

  std::uint64_t events() const noexcept { return events_; }

 private:
  static unsigned long long number(std::uint64_t n) { return n; }
  std::string text(const std::string& what) const { return std::string(kind_.name) + ": " + what; }
  std::string text(const std::string& what, std::uint64_t s) const { return text(what) + " at " + std::to_string(s); }

  /// Each event that was published stands in the journal once, in order, or its number is named missing.
  void walk() {
    const auto reader = journal::JournalReader::open(*storage_);
    require(reader->seek_oldest() == 0, text("the oldest event is not found"));
    next_ = first_ = reader->position();
    require(first_ == 1 || kind_.forgets, text("its first events are gone"));
    journal::FrameBuffer buffer;
    for (;;) {
      stage_.step("walk a journal");
      const journal::Piece piece = reader->next(journal::JournalReader::kNoLimit, buffer);
      if (piece.stretch == Stretch::end) break;
      require(piece.first >= next_, text("numbers that are named twice", piece.first));
      if (piece.stretch == Stretch::events) {
        journal::RecordWalk records(piece.body, *piece.description);
        for (journal::StoredRecord record; records.next(record);) enter(record);
        require(records.valid(), text("a record that is not valid", next_));
      } else {
        require(piece.stretch == Stretch::missing && kind_.may_miss, text("numbers without events", piece.first));
        pass(piece.first);
        for (; next_ <= piece.last; ++next_) {
          const std::uint64_t word = books_.published[topic_][next_];
          require((word & Entry::kDurable) == 0, text("an event that was durable is named missing", next_));
          missed_.push_back(next_);
        }
        missing_ += piece.last - piece.first + 1;
      }
    }
    require(next_ == end_ + 1, text("the journal ends with another event", next_ - 1));
  }

  /// Numbers without a word belong to claims that were never committed: nothing was published there.
  void pass(std::uint64_t to) {
    for (; next_ < to; ++next_) {
      require(books_.published[topic_][next_] == 0, text("a published event is in no journal", next_));
    }
  }

  void enter(const journal::StoredRecord& record) {
    pass(record.sequence);
    require(record.sequence == next_, text("an event twice", record.sequence));
    require(test::SelfChecking::whole(record.payload), text("a torn event", record.sequence));
    const std::uint64_t found = test::SelfChecking::number(record.payload);
    const std::uint64_t noted = books_.published[topic_][next_] & ~Entry::kDurable;
    const Entry entry = Entry::of(found);
    // An author that was killed may have died between publishing and noting it.
    require(noted == found || (noted == 0 && unnoted_.emplace(entry.author, next_).second),
            text("another event than was published", next_));
    std::uint64_t& counter = counters_[entry.author];
    require(entry.counter > counter, text("an author's events out of order", next_));
    require(entry.counter == counter + 1 || kind_.may_miss || (kind_.forgets && counter == 0),
            text("an author's event is missing before", next_));
    counter = entry.counter;
    ++events_;
    ++next_;
  }

  /// Each durable subscription was handed each event; what retention removed was acknowledged by all. Where events may be
  /// missed, a subscriber that gave up a stopped recorder has counted as lost what that one wrote later.
  void check_names() {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      if (kNames[i].topic != topic_) continue;
      require(kNames[i].workers || first_ - 1 <= acknowledged_[i], text("an event is gone before it was acknowledged"));
      stage_.step("look what was handed out");
      auto missed = missed_.begin();
      for (std::uint64_t s = 1; s <= end_; ++s) {
        while (missed != missed_.end() && *missed < s) ++missed;
        if (books_.published[topic_][s] == 0 || (missed != missed_.end() && *missed == s)) continue;
        if (books_.handed_out[i][s] != 0) continue;
        require(kind_.may_miss, text(std::string(kNames[i].name) + " was not handed the event", s));
        ++given_up_;
      }
    }
    require(given_up_ <= events_ / 10, text("most events are lost to its subscribers"));
  }

  const Stage& stage_;
  const Kind& kind_;
  unsigned topic_;
  Books& books_;
  const std::array<Word, kNames.size()>& acknowledged_;
  std::uint64_t end_;
  std::unique_ptr<journal::DiskStorage> storage_;
  std::uint64_t next_ = 1, first_ = 1, events_ = 0, missing_ = 0, given_up_ = 0;
  std::vector<std::uint64_t> missed_;                // numbers that the journal names missing
  std::map<std::uint64_t, std::uint64_t> counters_;  // by author: its latest event
  std::map<std::uint64_t, std::uint64_t> unnoted_;   // by author: where its event stands that it did not note
};

/// What a subscriber reads from the oldest event on is what the journal holds.
void read_again(const Stage& stage, shmbus::Bus& bus, unsigned topic, std::uint64_t events) {
  shmbus::Subscriber subscriber = bus.subscriber(topics()[topic].name, {.start = shmbus::Start::oldest()});
  std::uint64_t last = 0, read = 0;
  const auto count = [&](const shmbus::Event& event) {
    last = event.sequence();
    ++read;
  };
  while (last < stage.board().end[topic]) {
    stage.step("read again");
    if (subscriber.poll(count) == 0) require(subscriber.wait(10s), "a reader waits for an event that was published");
  }
  require(read == events, std::string(topics()[topic].name) + ": " + std::to_string(read) + " events are read, " +
                              std::to_string(events) + " are in the journal");
}

}  // namespace

void balance(const Stage& stage, const test::Parent&) {
  shmbus::Bus bus = shmbus::Bus::open(stage.bus, stage.options(shmbus::Record::none));
  for (unsigned topic = 0; topic < kTopics; ++topic) {
    TopicBalance balance(stage, topic);
    balance.run();
    const std::uint64_t read = stage.board().read[topic];
    require(read == 0 || read == balance.events(), std::string(topics()[topic].name) + ": a reader saw other events");
    read_again(stage, bus, topic, balance.events());
  }
  for (const shmbus::TopicSnapshot& topic : shmbus::Inspector(stage.bus).snapshot().topics) {
    require(topic.journal.has_value() && topic.journal->failures == 0, topic.info.name + ": its journal failed");
  }
}

}  // namespace journal_storm
