#include <catch2/catch.hpp>

#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/state_database.hpp"
#include "common/stream_position.hpp"
#include "support/temporary_folder.hpp"

using namespace streaming;

namespace {

constexpr std::string_view counts = "CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, count INTEGER)";

/// A state with one table.
struct Counts {
  explicit Counts(const std::string& path, const std::string& service = "badge-service")
      : state(path, service),
        add(state.with(counts).prepare("INSERT INTO counts VALUES (?1, ?2) ON CONFLICT DO UPDATE "
                                       "SET count = count + ?2 RETURNING count")) {}

  std::uint64_t of(std::string_view name) {
    const auto row = state.prepare("SELECT count FROM counts WHERE name = ?1").row<std::uint64_t>(name);
    return row ? std::get<0>(*row) : 0;
  }

  StateDatabase state;
  Statement add;
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, std::string> contents_of(const std::string& folder) {
  std::map<std::string, std::string> contents;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    // SQLite's index of the log is made anew by each process that opens it, and an empty log says nothing.
    const std::string content = content_of(entry.path());
    if (entry.path().extension() != ".state-shm" && !content.empty()) contents[entry.path().filename()] = content;
  }
  return contents;
}

/// Changes a database as the sqlite3 tool would.
void change(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &handle) == SQLITE_OK);
  CHECK(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(handle);
}

void save_something(const std::string& path) {
  Counts saved(path);
  saved.add.run(std::string_view{"newcomer"}, std::uint64_t{3});
  saved.state.commit();
}

/// The file is refused in these words, and stays as it was.
void expect_refusal(const test::TemporaryFolder& folder, const std::string& path, const std::string& found) {
  const auto before = contents_of(folder.file(""));
  CHECK_THROWS_WITH(Counts(path), Catch::Contains("state file '" + path + "'") && Catch::Contains("of badge-service") &&
                                      Catch::Contains("found " + found) && Catch::Contains("give another path"));
  CHECK(contents_of(folder.file("")) == before);
}

}  // namespace

TEST_CASE("what is committed is there again, and what is not is gone", "[streaming][state]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("badge.state");
  {
    Counts first(path);
    first.add.run(std::string_view{"newcomer"}, std::uint64_t{3});
    first.state.commit();
    first.add.run(std::string_view{"newcomer"}, std::uint64_t{1});
    first.add.run(std::string_view{"regular"}, std::uint64_t{1});
    CHECK(first.of("newcomer") == 4);
  }
  Counts again(path);
  CHECK(again.of("newcomer") == 3);
  CHECK(again.of("regular") == 0);
}

TEST_CASE("a transaction that is rolled back leaves nothing, and the next one is like any other",
          "[streaming][state]") {
  const test::TemporaryFolder folder;
  Counts counted(folder.file("badge.state"));
  counted.add.run(std::string_view{"newcomer"}, std::uint64_t{3});
  counted.state.roll_back();
  CHECK(counted.of("newcomer") == 0);
  CHECK(counted.add.value<std::uint64_t>(std::string_view{"newcomer"}, std::uint64_t{2}) == 2);
  counted.state.commit();
  counted.state.roll_back();
  CHECK(counted.of("newcomer") == 2);
}

TEST_CASE("a statement says how many rows it changed, and a query gives its rows", "[streaming][state]") {
  StateDatabase state({}, "test");
  state.with("CREATE TABLE pairs (a INTEGER PRIMARY KEY, b REAL, c TEXT)");
  Statement insert = state.prepare("INSERT OR IGNORE INTO pairs VALUES (?1, ?2, ?3)");
  CHECK(insert.run(std::uint64_t{1}, 0.5, std::string_view{"one"}) == 1);
  CHECK(insert.run(std::uint64_t{1}, 0.7, std::string_view{"other"}) == 0);
  CHECK(insert.run(~std::uint64_t{0}, 1.5, std::string_view{"a\0b", 3}) == 1);  // more than SQLite's integers hold

  std::vector<std::tuple<std::uint64_t, double, std::string>> rows;
  state.prepare("SELECT a, b, c FROM pairs ORDER BY b")
      .each<std::uint64_t, double, std::string>(
          [&](std::uint64_t a, double b, const std::string& c) { rows.emplace_back(a, b, c); });
  CHECK(rows == std::vector<std::tuple<std::uint64_t, double, std::string>>{{1, 0.5, "one"},
                                                                            {~std::uint64_t{0}, 1.5, {"a\0b", 3}}});
  CHECK(state.prepare("SELECT a FROM pairs WHERE b > ?1").row<std::uint64_t>(2.0) == std::nullopt);
  CHECK(state.count("SELECT COUNT(*) FROM pairs") == 2);
  CHECK_THROWS_AS(state.count("SELECT a FROM pairs WHERE b > 2"), StateError);
  CHECK_THROWS_WITH(state.prepare("SELECT d FROM pairs"), Catch::Contains("no such column: d"));
}

TEST_CASE("an exception in a handler of rows leaves the statement ready for the next run", "[streaming][state]") {
  StateDatabase state({}, "test");
  Statement rows = state.prepare("SELECT 1 UNION ALL SELECT 2");
  CHECK_THROWS_AS(rows.each<std::uint64_t>([](std::uint64_t) { throw std::length_error("enough"); }),
                  std::length_error);
  state.commit();  // fails while a statement runs
  std::uint64_t sum = 0;
  rows.each<std::uint64_t>([&](std::uint64_t value) { sum += value; });
  CHECK(sum == 3);
}

TEST_CASE("a state in memory is gone with its object", "[streaming][state]") {
  {
    Counts first("");
    first.add.run(std::string_view{"newcomer"}, std::uint64_t{3});
    first.state.commit();
    CHECK(first.of("newcomer") == 3);
  }
  CHECK(Counts("").of("newcomer") == 0);
}

TEST_CASE("another process reads the state while a service holds it, and can't write it", "[streaming][state]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("badge.state");
  Counts held(path);
  held.add.run(std::string_view{"newcomer"}, std::uint64_t{3});
  held.state.commit();
  held.add.run(std::string_view{"newcomer"}, std::uint64_t{1});

  sqlite3* reader = nullptr;
  REQUIRE(sqlite3_open_v2(path.c_str(), &reader, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK);
  sqlite3_stmt* query = nullptr;
  REQUIRE(sqlite3_prepare_v2(reader, "SELECT count FROM counts", -1, &query, nullptr) == SQLITE_OK);
  CHECK(sqlite3_step(query) == SQLITE_ROW);
  CHECK(sqlite3_column_int(query, 0) == 3);
  sqlite3_finalize(query);
  CHECK(sqlite3_exec(reader, "DELETE FROM counts", nullptr, nullptr, nullptr) == SQLITE_BUSY);
  sqlite3_close(reader);

  CHECK_THROWS_WITH(Counts(path), Catch::Contains("another process that writes it") && Catch::Contains(path));
  held.state.commit();
  CHECK(held.of("newcomer") == 4);
}

TEST_CASE("a file that is not this service's state is refused, and left as it is", "[streaming][state]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("badge.state");
  SECTION("a text") {
    folder.write("badge.state", "userId,movieId,rating,timestamp\n" + std::string(1000, '7'));
    expect_refusal(folder, path, "a file of another kind");
  }
  SECTION("the state file of an older version") {
    folder.write("badge.state", "sstate01" + std::string(1000, 'x'));
    expect_refusal(folder, path, "a state file of an older version of this program");
  }
  SECTION("a database of another program") {
    change(path, "CREATE TABLE things (name TEXT)");
    expect_refusal(folder, path, "a database of another kind");
  }
  SECTION("the state of another service") {
    { Counts other(path, "user-service"); }
    expect_refusal(folder, path, "one of user-service");
  }
  SECTION("a later version") {
    save_something(path);
    change(path, "PRAGMA user_version = 7");
    expect_refusal(folder, path, "one of version 7, while this program's is 1");
  }
  SECTION("one whose table of services is gone") {
    save_something(path);
    change(path, "DELETE FROM service");
    expect_refusal(folder, path, "one without a row that must be there");
  }
}

TEST_CASE("a folder, or a path in a folder that is missing, is named", "[streaming][state]") {
  const test::TemporaryFolder folder;
  const auto fails = [&](const std::string& path) {
    CHECK_THROWS_WITH(Counts(path),
                      Catch::Contains("state file '" + path + "'") &&
                          Catch::Contains("give --state a path in a folder with room that you may write"));
  };
  fails(folder.file("missing/badge.state"));
  fails(folder.file(""));
}

TEST_CASE("an empty file becomes a state", "[streaming][state]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.write("badge.state", "");  // as a process leaves it that is killed at its start
  save_something(path);
  CHECK(Counts(path).of("newcomer") == 3);
}

// SQLite has no checksums, so it can't see a wrong value, but no damage of the structure goes unseen.
TEST_CASE("a damaged state is refused, and left as it is", "[streaming][state]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("badge.state");
  {
    Counts many(path);
    for (std::uint64_t i = 0; i < 5000; ++i) many.add.run(std::to_string(i), i);
    many.state.commit();
  }
  const std::string good = content_of(path);
  constexpr std::size_t page = 4096;
  REQUIRE(good.size() > 20 * page);
  SECTION("cut short") {
    for (std::size_t size = page; size < good.size(); size += page) {
      folder.write("badge.state", good.substr(0, size));
      expect_refusal(folder, path, "a damaged one");
    }
  }
  SECTION("with a page of zeros") {
    for (std::size_t place = page; place < good.size(); place += page) {
      std::string bad = good;
      bad.replace(place, page, page, '\0');
      folder.write("badge.state", bad);
      CAPTURE(place / page);
      expect_refusal(folder, path, "a damaged one");
    }
  }
  SECTION("with a page that is another") {
    for (std::size_t place = page; place + page < good.size(); place += page) {
      std::string bad = good;
      bad.replace(place, page, good, place + page, page);
      folder.write("badge.state", bad);
      CAPTURE(place / page);
      expect_refusal(folder, path, "a damaged one");
    }
  }
}

TEST_CASE("a state that does not fit says so, loses nothing that was saved, and goes on when there is room",
          "[streaming][state]") {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("badge.state");
  Counts counted(path);
  counted.add.run(std::string_view{"newcomer"}, std::uint64_t{3});
  counted.state.commit();
  const auto limit = [&](std::uint64_t pages) {
    counted.state.count("PRAGMA max_page_count = " + std::to_string(pages));
  };
  const auto add_many = [&](std::uint64_t first) {
    for (std::uint64_t i = first; i < first + 5000; ++i) counted.add.run(std::to_string(i), i);
    counted.state.commit();
  };
  limit(10);
  for (int attempt = 0; attempt < 3; ++attempt) {
    try {
      add_many(0);
      FAIL("the state was saved without room");
    } catch (const StateError& error) {
      CHECK(error.may_pass());
      CHECK_THAT(error.what(), Catch::Contains(path) && Catch::Contains("no room on its disk"));
    }
    counted.state.roll_back();
    CHECK(counted.state.count("SELECT COUNT(*) FROM counts") == 1);
  }
  limit(100'000);
  add_many(0);
  CHECK(counted.state.count("SELECT COUNT(*) FROM counts") == 5001);
}

TEST_CASE("a position is loaded as it was saved", "[streaming][state]") {
  StateDatabase state({}, "test");
  PositionTable table(state);
  CHECK(table.load().last == shmbus::EventId{});
  StreamHash hash;
  hash.add(7, {.user = 1, .video = 2, .time = 3});
  table.save({.last = {.bus = ~std::uint64_t{0}, .topic = 2, .sequence = 7},
              .first = 3,
              .handled = 5,
              .lost = 4,
              .unreadable = 6,
              .hash = hash});
  const StreamPosition position = table.load();
  CHECK(position.last == shmbus::EventId{.bus = ~std::uint64_t{0}, .topic = 2, .sequence = 7});
  CHECK(position.first == 3);
  CHECK(position.handled == 5);
  CHECK(position.lost == 4);
  CHECK(position.unreadable == 6);
  CHECK(position.hash.value() == hash.value());

  state.prepare("UPDATE position SET last_event = 'somewhere'").run();
  CHECK_THROWS_WITH(table.load(), Catch::Contains("found the position 'somewhere'"));
}
