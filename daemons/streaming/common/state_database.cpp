#include "common/state_database.hpp"

#include <sqlite3.h>

#include <array>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

namespace streaming {
namespace {

constexpr std::uint64_t application_id = 0x73686d73;  // "shms", in the file's header
constexpr std::uint64_t version = 1;                  // of the tables; raised when any service's change

constexpr int patience_ms = 2000;  // a service that was killed may still be ending

// A checkpoint copies changed pages from the log to the database, and syncs both. After 16 MiB of log, instead of the
// usual 4, it copies pages that change all the time less often.
constexpr int pages_between_checkpoints = 4096;

constexpr std::string_view older_state = "sstate01";  // how the files began that the services wrote before

bool begins_with(const std::filesystem::path& path, std::string_view text) {
  std::array<char, 16> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(text.size()));
  return file && std::memcmp(head.data(), text.data(), text.size()) == 0;
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

Statement::Statement(const StateDatabase& database, std::string_view sql) : database_(&database) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v3(database.handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement, nullptr));
  statement_.reset(statement);
}

void Statement::bind(int place, std::uint64_t value) { bind(place, static_cast<std::int64_t>(value)); }
void Statement::bind(int place, std::int64_t value) { check(sqlite3_bind_int64(statement_.get(), place, value)); }
void Statement::bind(int place, double value) { check(sqlite3_bind_double(statement_.get(), place, value)); }

// Text and bytes live until the end of the call, and so of the run: SQLite need not copy them.
void Statement::bind(int place, std::string_view text) {
  check(sqlite3_bind_text64(statement_.get(), place, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
}
void Statement::bind(int place, std::span<const std::byte> bytes) {
  check(sqlite3_bind_blob64(statement_.get(), place, bytes.data(), bytes.size(), SQLITE_STATIC));
}

void Statement::read(int place, std::uint64_t& value) {
  value = static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), place));
}
void Statement::read(int place, std::int64_t& value) { value = sqlite3_column_int64(statement_.get(), place); }
void Statement::read(int place, double& value) { value = sqlite3_column_double(statement_.get(), place); }
void Statement::read(int place, std::string& bytes) {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), place));
  bytes.assign(data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), place)));
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
  return code == SQLITE_ROW;
}

void Statement::reset() noexcept { sqlite3_reset(statement_.get()); }  // its code is that of the step, already thrown

std::uint64_t Statement::changed() const noexcept {
  return static_cast<std::uint64_t>(sqlite3_changes64(database_->handle_.get()));
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) database_->fail();
}

void Statement::fail_without_row() const { database_->refuse("one without a row that must be there"); }

StateDatabase::StateDatabase(std::filesystem::path path, std::string service, bool synced)
    : path_(std::move(path)), service_(std::move(service)), synced_(synced) {
  if (!path_.empty() && begins_with(path_, older_state)) refuse("a state file of an older version of this program");
  open();
  // A file that is refused stays as it is: SQLite must not tidy it up.
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  check_content();
  const auto mode = prepare("PRAGMA journal_mode = WAL").value<std::string>();
  if (mode != "wal" && !path_.empty()) refuse("a file system on which SQLite can't write ahead");
  begin();
  if (fresh_) {
    execute(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; CREATE TABLE service (name TEXT NOT NULL)",
                    application_id, version));
    prepare("INSERT INTO service VALUES (?1)").run(std::string_view{service_});
    commit();
  }
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

StateDatabase::~StateDatabase() = default;

void StateDatabase::Close::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }

void StateDatabase::open() {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path_.empty() ? ":memory:" : path_.c_str(), &handle,
                                   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);  // also after an error, which it holds
  if (code != SQLITE_OK) fail();
  sqlite3_busy_timeout(handle, patience_ms);
  // Whoever wrote the file must not gain more by it than wrong counts.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // After a kill all that was committed is there without any sync. After a loss of power the last transactions may be
  // missing, as the bus is, but the database is not damaged.
  execute(synced_ ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
  execute("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON");
  sqlite3_wal_autocheckpoint(handle, pages_between_checkpoints);
}

void StateDatabase::check_content() {
  const auto id = count("PRAGMA application_id");
  const auto found_version = count("PRAGMA user_version");
  const auto tables = count("SELECT COUNT(*) FROM sqlite_schema");
  fresh_ = id == 0 && tables == 0;
  if (fresh_) return;
  if (id != application_id) refuse("a database of another kind");
  if (found_version != version)
    refuse(fmt::format("one of version {}, while this program's is {}", found_version, version));
  if (const auto problem = prepare("PRAGMA integrity_check(1)").value<std::string>(); problem != "ok")
    refuse(fmt::format("a damaged one ({})", problem));
  if (const auto service = prepare("SELECT name FROM service").value<std::string>(); service != service_)
    refuse(fmt::format("one of {}", service));
}

// Immediate: the right to write is taken now, and kept until the commit.
void StateDatabase::begin() { execute("BEGIN IMMEDIATE"); }

StateDatabase& StateDatabase::with(std::string_view tables) {
  execute(std::string{tables});
  commit();
  return *this;
}

void StateDatabase::commit() {
  execute("COMMIT");
  begin();
}

void StateDatabase::roll_back() {
  if (sqlite3_get_autocommit(handle_.get()) == 0) execute("ROLLBACK");  // some errors have rolled it back already
  // Where the disk is full, the log may be what fills it: once copied to the database, it is cut. If that fails, so does
  // the next commit, and says why.
  sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  begin();
}

void StateDatabase::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail();
}

void StateDatabase::fail() const {
  std::string found = sqlite3_errmsg(handle_.get());
  std::string_view remedy = "give --state a path in a folder with room that you may write";
  bool may_pass = true;
  switch (sqlite3_errcode(handle_.get()) & 0xff) {
    case SQLITE_CORRUPT:
      refuse(fmt::format("a damaged one ({})", found));
    case SQLITE_NOTADB:
      refuse("a file of another kind");
    case SQLITE_FULL:
      found = "no room on its disk";
      remedy = "make room there";
      break;
    case SQLITE_IOERR:
      if (const int error = sqlite3_system_errno(handle_.get()); error != 0)
        found += fmt::format(" ({})", std::strerror(error));
      remedy = "look after its disk";
      break;
    case SQLITE_BUSY:
      found = "another process that writes it";
      remedy = "end that process, or give another path";
      break;
    default:
      may_pass = false;
  }
  throw StateError(fmt::format("state file '{}': expected to read and write the state of {}, found: {}; {}",
                               path_.string(), service_, found, remedy),
                   may_pass);
}

void StateDatabase::refuse(std::string_view found) const {
  throw StateError(
      fmt::format("state file '{}': expected a database with the state of {}, found {}; it is left as it is: "
                  "give another path, or move it away (with its -wal) to begin with the oldest event",
                  path_.string(), service_, found),
      false);
}

}  // namespace streaming
