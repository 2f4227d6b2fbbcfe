// SQLite with a write-ahead log and synchronous=FULL. `outstanding` events form one transaction. It has one writer at a
// time, so it is at its best with one client.

#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "durable_rate.hpp"

namespace {

class Database final : public peers::DurableClient {
 public:
  explicit Database(const peers::DurableJob& job) : payload_(job.size), outstanding_(job.outstanding) {
    sqlite3* opened = nullptr;
    const int status = ::sqlite3_open((job.at + "/events.sqlite").c_str(), &opened);
    database_.reset(opened);
    check(status);
    run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 60000;"
        "CREATE TABLE IF NOT EXISTS events (sequence INTEGER PRIMARY KEY, payload BLOB NOT NULL)");
    sqlite3_stmt* prepared = nullptr;
    check(::sqlite3_prepare_v2(opened, "INSERT INTO events (payload) VALUES (?)", -1, &prepared, nullptr));
    insert_.reset(prepared);
    check(::sqlite3_bind_blob(prepared, 1, payload_.data(), static_cast<int>(payload_.size()), SQLITE_STATIC));
  }

  void write() override {
    if (outstanding_ > 1) run("BEGIN IMMEDIATE");
    for (unsigned i = 0; i < outstanding_; ++i) {
      if (::sqlite3_step(insert_.get()) != SQLITE_DONE) fail();
      check(::sqlite3_reset(insert_.get()));
    }
    if (outstanding_ > 1) run("COMMIT");
  }

 private:
  [[noreturn]] void fail() { throw std::runtime_error(::sqlite3_errmsg(database_.get())); }
  void check(int status) {
    if (status != SQLITE_OK) fail();
  }
  void run(const char* sql) { check(::sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr)); }

  std::vector<char> payload_;
  unsigned outstanding_;
  std::unique_ptr<sqlite3, decltype([](sqlite3* database) { ::sqlite3_close(database); })> database_;
  std::unique_ptr<sqlite3_stmt, decltype([](sqlite3_stmt* statement) { ::sqlite3_finalize(statement); })> insert_;
};

}  // namespace

int main(int argc, char** argv) {
  return peers::measure_durable(
      {.name = "sqlite",
       .description = "SQLite, with a write-ahead log and synchronous=FULL",
       .client = [](const peers::DurableJob& job) { return std::make_unique<Database>(job); }},
      argc, argv);
}
