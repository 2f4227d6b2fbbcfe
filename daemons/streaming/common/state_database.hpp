#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace streaming {

class StateDatabase;

/// A state that can't be read or written, in words.
class StateError : public std::runtime_error {
 public:
  StateError(const std::string& words, bool may_pass) : std::runtime_error(words), may_pass_(may_pass) {}

  /// Whether the same may work later: the disk is full or has an error, or another process holds the file.
  bool may_pass() const noexcept { return may_pass_; }

 private:
  bool may_pass_;
};

/// A statement in SQL, prepared once and run often. The values of a call stand for ?1, ?2 and so on. SQLite's integers
/// are signed: an id from 2^63 on is negative in the database, and is read back as it was. Must not outlive its
/// StateDatabase. All calls throw StateError.
class Statement {
 public:
  /// Returns how many rows it inserted, changed or deleted, without those of triggers.
  template <class... Values>
  std::uint64_t run(const Values&... values) {
    const Use use(*this, values...);
    while (step()) {
    }
    return changed();
  }

  /// Returns the first row; nothing where there is none.
  template <class... Columns, class... Values>
  std::optional<std::tuple<Columns...>> row(const Values&... values) {
    const Use use(*this, values...);
    if (!step()) return std::nullopt;
    return columns<Columns...>(std::index_sequence_for<Columns...>{});
  }

  /// Returns the only column of the only row, such as a sum. Throws where there is no row.
  template <class Column, class... Values>
  Column value(const Values&... values) {
    const auto only = row<Column>(values...);
    if (!only) fail_without_row();
    return std::get<0>(*only);
  }

  /// Calls `handler` with the columns of each row. It must not run this statement.
  template <class... Columns, class Handler, class... Values>
  void each(Handler&& handler, const Values&... values) {
    const Use use(*this, values...);
    while (step()) std::apply(handler, columns<Columns...>(std::index_sequence_for<Columns...>{}));
  }

 private:
  friend class StateDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  /// One run, from the values to the reset that lets a transaction end.
  class Use {
   public:
    template <class... Values>
    explicit Use(Statement& statement, const Values&... values) : statement_(statement) {
      int place = 0;
      (statement.bind(++place, values), ...);
    }
    ~Use() { statement_.reset(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    Statement& statement_;
  };

  Statement(const StateDatabase& database, std::string_view sql);

  template <class... Columns, std::size_t... places>
  std::tuple<Columns...> columns(std::index_sequence<places...>) {
    std::tuple<Columns...> row;
    (read(static_cast<int>(places), std::get<places>(row)), ...);
    return row;
  }

  void bind(int place, std::uint64_t value);
  void bind(int place, std::int64_t value);
  void bind(int place, double value);
  void bind(int place, std::string_view text);
  void bind(int place, std::span<const std::byte> bytes);
  void read(int place, std::uint64_t& value);
  void read(int place, std::int64_t& value);
  void read(int place, double& value);
  void read(int place, std::string& bytes);
  bool step();
  void reset() noexcept;
  std::uint64_t changed() const noexcept;
  void check(int code) const;
  [[noreturn]] void fail_without_row() const;

  const StateDatabase* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// A service's state: a database of SQLite, with a table for each kind of thing that the service counts. A transaction
/// is open at all times, and `commit` ends it. So what an event changes, the position of that event and the results that
/// answer it are kept together, or not at all, whenever the process is killed.
///
/// Another process can read the database meanwhile, and none can write it. One thread at a time.
class StateDatabase {
 public:
  /// Opens that service's state, or creates it. With an empty path it is in memory, and gone with this object. Throws
  /// StateError where the file is something else, damaged, of another version, another service's or in use; it is then
  /// left as it was. With `synced` no crash of the machine takes back a commit.
  StateDatabase(std::filesystem::path path, std::string service, bool synced = false);
  StateDatabase(const StateDatabase&) = delete;
  StateDatabase& operator=(const StateDatabase&) = delete;
  ~StateDatabase();

  /// Runs statements that create tables, if they do not exist, and commits. Returns this database.
  StateDatabase& with(std::string_view tables);

  Statement prepare(std::string_view sql) { return Statement(*this, sql); }

  /// Returns the only column of the only row, such as a count.
  std::uint64_t count(std::string_view sql) { return prepare(sql).value<std::uint64_t>(); }

  /// Keeps all changes since the last commit. Throws StateError where that fails; they are then undone or still open, so
  /// `roll_back` must follow.
  void commit();

  /// Undoes all changes since the last commit, also after an error. Throws StateError.
  void roll_back();

  /// Throws StateError for a database with something in it that can't be.
  [[noreturn]] void refuse(std::string_view found) const;

 private:
  friend class Statement;
  struct Close {
    void operator()(sqlite3* handle) const noexcept;
  };

  void open();
  void check_content();
  void begin();
  void execute(const std::string& sql);
  [[noreturn]] void fail() const;

  std::filesystem::path path_;
  std::string service_;
  std::unique_ptr<sqlite3, Close> handle_;
  bool synced_;
  bool fresh_ = false;
};

}  // namespace streaming
