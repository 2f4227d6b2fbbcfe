// shmbus journal, on journals that processes wrote: prune, verify and export.

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "journal/file_layout.hpp"
#include "journal_fixture.hpp"
#include "tool_fixture.hpp"

using nlohmann::json;
using shmbus::Journal;
using shmbus::Start;
using shmbus::Status;
using test::End;
using test::Finished;
using test::JournaledBus;

namespace {

const shmbus::TopicOptions journaled{.journal = Journal::page_cache(), .segment_file = 1 << 20};

/// A bus that no process uses any more, with a journal of some files of a MiB.
struct WrittenJournal {
  static constexpr std::uint64_t events = 30'000;

  WrittenJournal() {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t", journaled);
    for (std::uint64_t n = 1; n <= events; ++n) {
      const auto result = test::publish_numbered(publisher, 1, n);
      test::require(result.sequence() == n, "another number");
      if (n % 500 == 0) test::require(publisher.wait_durable(n, test::patience) == Status::ok, "a wait");
    }
  }

  Finished run(std::vector<std::string> more) const {
    more.insert(more.begin(), {SHMBUS_TOOL, "journal", "--bus", home.name(), "--journals", home.journals()});
    return test::run(std::move(more));
  }
  json verified() const { return json::parse(run({"verify", "t", "--json"}).out); }

  /// Its segment files, from the oldest on.
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator{home.folder("t")}) {
      if (entry.path().extension() == ".events") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  /// The first number of the `i`th file.
  std::uint64_t first_of(std::size_t i) const { return std::stoull(files().at(i).stem()); }

  JournaledBus home;
};

/// Where a frame lies, and which numbers it holds.
struct Frame {
  std::uint64_t offset, first, events;
  std::string numbers() const {
    return "numbers " + std::to_string(first) + " to " + std::to_string(first + events - 1);
  }
};

/// The first frame of several events behind the first `n` frames of a file. A recorder that keeps up writes frames of one.
Frame large_frame(const std::filesystem::path& file, unsigned n) {
  std::uint64_t offset = 4096;
  for (unsigned i = 0;; ++i) {
    const auto header = test::read_at<shmbus::journal::FrameHeader>(file, offset);
    test::require(header.events != 0, "no frame of several events");
    if (i >= n && header.events > 1) return {offset, header.first, header.events};
    offset += header.size();
  }
}

void flip(const std::filesystem::path& file, std::uint64_t offset) {
  test::overwrite(file, offset, static_cast<char>(test::read_at<char>(file, offset) ^ 1));
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("journal prune removes the oldest files, whole, and only when it is told to", "[tool][journal]") {
  const WrittenJournal journal;
  const auto files = journal.files();
  REQUIRE(files.size() >= 4);
  const std::uint64_t second = journal.first_of(1), third = journal.first_of(2);

  const Finished looked = journal.run({"prune", "t", "--before", std::to_string(third)});
  CHECK(looked.end == End{});
  CHECK_THAT(looked.out, Catch::Contains("topic 't': would remove 2 files") &&
                             Catch::Contains("numbers up to " + std::to_string(third - 1)));
  CHECK(journal.files() == files);

  // Files go whole: the second one holds a number that is to stay.
  const Finished first = journal.run({"prune", "t", "--before", std::to_string(third - 1), "--yes"});
  CHECK(first.end == End{});
  CHECK_THAT(first.out,
             Catch::Contains("removed 1 file") && Catch::Contains("numbers up to " + std::to_string(second - 1)));
  CHECK(journal.files().size() == files.size() - 1);
  CHECK(journal.verified()["first"] == second);
  CHECK(journal.verified()["whole"] == true);

  const auto by_size = json::parse(journal.run({"prune", "t", "--to", "1MiB", "--yes", "--json"}).out);
  CHECK(by_size["files"] == files.size() - 1 - journal.files().size());
  CHECK(by_size["removed"] == true);
  CHECK(journal.files().back() == files.back());
  const Finished nothing = journal.run({"prune", "t", "--to", "0", "--yes"});
  CHECK(journal.files().back() == files.back());  // the newest stays
  CHECK(nothing.end == End{});
  CHECK(json::parse(journal.run({"prune", "t", "--older", "1h", "--yes", "--json"}).out)["files"] == 0);

  // What is left is read, what is gone is counted.
  const std::uint64_t oldest = journal.first_of(0);
  shmbus::Bus bus = journal.home.open();
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::sequence(1)});
  test::NumberedReading reading;
  test::poll_until(subscriber, "the last event", std::ref(reading),
                   [&] { return reading.sequence() == WrittenJournal::events; });
  CHECK(reading.first() == oldest);
  CHECK(subscriber.lost() == oldest - 1);
}

TEST_CASE("journal prune leaves a journal alone that a process records", "[tool][journal]") {
  const WrittenJournal journal;
  const auto files = journal.files();
  {
    shmbus::Bus bus = journal.home.open();
    shmbus::Publisher publisher = bus.publisher("t");
    REQUIRE(publisher.wait_durable(publisher.publish("x").sequence(), test::patience) == Status::ok);
    const Finished refused = journal.run({"prune", "t", "--to", "1MiB", "--yes"});
    CHECK(refused.end == End{.status = 1});
    CHECK_THAT(refused.err, Catch::Contains("a process that records it") && Catch::Contains("TopicOptions::retain"));
    CHECK(journal.run({"prune", "t", "--to", "1MiB"}).end == End{});  // it only looks
  }
  CHECK(std::filesystem::exists(files.front()));
}

TEST_CASE("journal verify names damaged frames by their numbers, and export names what it leaves out",
          "[tool][journal]") {
  const WrittenJournal journal;
  const Finished whole = journal.run({"verify"});
  CHECK(whole.end == End{});
  CHECK_THAT(whole.out, Catch::Contains("topic 't': whole: 30000 events, numbers 1 to 30000"));
  const auto files = journal.files();
  const Frame one = large_frame(files.at(0), 3), other = large_frame(files.at(1), 2);
  flip(files.at(0), one.offset + sizeof(shmbus::journal::FrameHeader) + 40);  // in its body
  flip(files.at(1), other.offset + 16);                                       // in its header

  const Finished damaged = journal.run({"verify", "t"});
  CHECK(damaged.end == End{.status = 1});
  CHECK_THAT(damaged.out, Catch::Contains("NOT WHOLE"));
  for (const auto& [frame, file] : {std::pair{one, files.at(0)}, std::pair{other, files.at(1)}}) {
    CHECK_THAT(damaged.out, Catch::Contains("damaged: " + frame.numbers() + ", in " + file.filename().string() +
                                            " at byte " + std::to_string(frame.offset)));
  }
  const json report = journal.verified();
  CHECK(report["whole"] == false);
  REQUIRE(report["damage"].size() == 2);
  CHECK(report["damage"][0]["first"] == one.first);
  CHECK(report["damage"][1]["last"] == other.first + other.events - 1);
  CHECK(report["events"] == WrittenJournal::events - one.events - other.events);

  const Finished exported = journal.run({"export", "t", "--json"});
  CHECK(exported.end == End{});
  CHECK(lines(exported.out) == WrittenJournal::events - one.events - other.events);
  for (const Frame& frame : {one, other})
    CHECK_THAT(exported.err, Catch::Contains("damaged: " + frame.numbers() + ": their bytes are damaged"));

  // The same to a subscriber: it counts exactly these as lost.
  shmbus::Bus bus = journal.home.open();
  shmbus::Subscriber subscriber = bus.subscriber("t", {.start = Start::oldest()});
  test::NumberedReading reading;
  test::poll_until(subscriber, "the last event", std::ref(reading),
                   [&] { return reading.sequence() == WrittenJournal::events; });
  CHECK(subscriber.lost() == one.events + other.events);
  CHECK(reading.gaps(1) == one.events + other.events);
}

TEST_CASE("journal export begins and ends where it is told to, also after the machine's end", "[tool][journal]") {
  const WrittenJournal journal;
  journal.home.reboot();
  const auto sequences = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words{"export", "t", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    std::vector<std::uint64_t> found;
    std::istringstream text(journal.run(words).out);
    for (std::string line; std::getline(text, line);) found.push_back(json::parse(line)["sequence"]);
    return found;
  };
  CHECK(sequences({"--count", "3"}) == std::vector<std::uint64_t>{1, 2, 3});
  CHECK(sequences({"--from", "seq:20000", "--count", "2"}) == std::vector<std::uint64_t>{20000, 20001});
  const auto last = sequences({"--from", "last:2"});
  CHECK(last == std::vector<std::uint64_t>{WrittenJournal::events - 1, WrittenJournal::events});
  const Finished unknown = journal.run({"export", "u"});
  CHECK(unknown.end == End{.status = 1});
  CHECK_THAT(unknown.err, Catch::Contains("u"));
}
