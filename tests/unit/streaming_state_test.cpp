#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "common/reaction.hpp"
#include "common/save_schedule.hpp"
#include "common/state_file.hpp"
#include "support/temporary_folder.hpp"

using namespace streaming;

namespace {

/// Remembers the last watch.
struct Memory : Reaction {
  void react(const Watch& watch) override { last = watch.started.video; }
  Results results() const override { return {}; }
  void save(StateWriter& out) const override { out.value(last); }
  void load(StateReader& in) override { last = in.value<std::uint64_t>(); }
  std::uint64_t last = 0;
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void save_something(const std::string& path) {
  Memory memory;
  memory.last = 318;
  StateFile(path, "badge-service")
      .save({.bus = 1, .topic = 2, .first = 3, .sequence = 7, .handled = 5, .lost = 4, .hash = StreamHash(99)}, memory);
}

void expect_refusal(const std::string& path, const std::string& found) {
  StreamPosition position;
  Memory memory;
  CHECK_THROWS_WITH(StateFile(path, "badge-service").load(position, memory),
                    Catch::Contains(path) && Catch::Contains("expected a state of badge-service") &&
                        Catch::Contains("found " + found));
}

}  // namespace

TEST_CASE("a state is loaded as it was saved: position and counts belong to the same event", "[streaming][state]") {
  const test::TemporaryFolder folder;
  save_something(folder.file("state"));
  StreamPosition position;
  Memory memory;
  REQUIRE(StateFile(folder.file("state"), "badge-service").load(position, memory));
  CHECK(position.bus == 1);
  CHECK(position.topic == 2);
  CHECK(position.first == 3);
  CHECK(position.sequence == 7);
  CHECK(position.handled == 5);
  CHECK(position.lost == 4);
  CHECK(position.hash.value() == 99);
  CHECK(memory.last == 318);
}

TEST_CASE("without a file there is no state, which is no error", "[streaming][state]") {
  const test::TemporaryFolder folder;
  StreamPosition position;
  Memory memory;
  CHECK_FALSE(StateFile(folder.file("state"), "badge-service").load(position, memory));
}

TEST_CASE("saving a state replaces the previous file as a whole", "[streaming][state]") {
  const test::TemporaryFolder folder;
  save_something(folder.file("state"));
  const std::string before = content_of(folder.file("state"));

  // The file that a service leaves when it is killed while it writes.
  folder.write("state.next", "half a sta");
  StreamPosition position;
  Memory memory;
  CHECK(StateFile(folder.file("state"), "badge-service").load(position, memory));
  save_something(folder.file("state"));
  CHECK(content_of(folder.file("state")) == before);
  CHECK_FALSE(std::filesystem::exists(folder.file("state.next")));
}

TEST_CASE("a state that cannot be written leaves the previous file in place", "[streaming][state]") {
  const test::TemporaryFolder folder;
  save_something(folder.file("state"));
  std::filesystem::create_directory(folder.file("state.next"));
  CHECK_THROWS_WITH(save_something(folder.file("state")), Catch::Contains("state.next"));
  StreamPosition position;
  Memory memory;
  CHECK(StateFile(folder.file("state"), "badge-service").load(position, memory));
}

TEST_CASE("a damaged state, or another service's, is refused", "[streaming][state]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("state");
  save_something(path);
  const std::string good = content_of(path);

  folder.write("state", "");
  expect_refusal(path, "an end in the middle of a value");
  folder.write("state", "userId,movieId,rating,timestamp\n");
  expect_refusal(path, "a file of another kind");
  for (std::size_t size = 16; size < good.size(); ++size) {
    folder.write("state", good.substr(0, size));
    expect_refusal(path, "a damaged one");
  }
  for (std::size_t i = 8; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    folder.write("state", bad);
    expect_refusal(path, "a damaged one");
  }
  folder.write("state", good);
  StreamPosition position;
  Memory memory;
  CHECK_THROWS_WITH(StateFile(path, "user-service").load(position, memory),
                    Catch::Contains("found one of badge-service"));
}

TEST_CASE("no number in a state makes the reader read beyond it", "[streaming][state]") {
  StateWriter out;
  out.value(~std::uint64_t{0});
  StateReader list(out.bytes());
  CHECK_THROWS_AS(list.values<std::uint64_t>(), StateDamaged);
  StateReader text(out.bytes());
  CHECK_THROWS_AS(text.text(), StateDamaged);
}

TEST_CASE("a state is saved after its interval, or after many events", "[streaming][state]") {
  using namespace std::chrono_literals;
  const SaveSchedule::Clock::time_point start{1h};
  SaveSchedule schedule(200ms);
  CHECK_FALSE(schedule.due(start));
  CHECK(schedule.left(start) == std::chrono::nanoseconds::max());
  schedule.changed(1, start);
  CHECK(schedule.left(start) == 200ms);
  schedule.changed(1, start + 100ms);
  CHECK_FALSE(schedule.due(start + 199ms));
  CHECK(schedule.due(start + 200ms));
  schedule.changed(SaveSchedule::most_events, start + 100ms);
  CHECK(schedule.due(start + 100ms));
}

TEST_CASE("a state that takes long to write is saved less often", "[streaming][state]") {
  using namespace std::chrono_literals;
  const SaveSchedule::Clock::time_point start{1h};
  SaveSchedule schedule(200ms);
  schedule.changed(1, start);
  schedule.saved(start + 200ms, start + 300ms);
  CHECK_FALSE(schedule.due(start + 10s));
  schedule.changed(1, start + 300ms);
  CHECK_FALSE(schedule.due(start + 1100ms));
  CHECK(schedule.due(start + 1200ms));
}
