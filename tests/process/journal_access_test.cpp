// Folders of journals that are not what they should be: opening fails, and the error says what to do.

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <string>

#include "journal_fixture.hpp"
#include "shmbus/journal_files.hpp"
#include "support/privileges.hpp"
#include "support/refusal.hpp"

using shmbus::ErrorCode;
using shmbus::Journal;
using shmbus::Record;
using shmbus::Start;
using shmbus::Status;
using test::JournaledBus;

namespace {

const shmbus::TopicOptions journaled{
    .block_size = 4096, .blocks = 4, .journal = Journal::batch(), .segment_file = 1 << 20};

/// A topic of before the machine's end, whose journal lies in its folder.
void leave_topic(const JournaledBus& home) {
  {
    shmbus::Bus bus = home.open();
    shmbus::Publisher publisher = bus.publisher("t", journaled);
    test::require(publisher.wait_durable(publisher.publish("x").sequence(), test::patience) == Status::ok, "a wait");
  }
  home.reboot();
}

/// In a forked process: throws unless `use` is refused, and the error says all this.
template <class Use>
void require_refused(ErrorCode code, const std::string& object, const std::string& found, const std::string& remedy,
                     Use use) {
  try {
    use();
  } catch (const shmbus::Error& error) {
    const std::string text = error.what();
    test::require(error.code() == code && error.object().find(object) != std::string::npos &&
                      error.found().find(found) != std::string::npos &&
                      error.remedy().find(remedy) != std::string::npos,
                  text);
    return;
  }
  test::require(false, "nothing was refused");
}

/// Runs a body with a disk of its own for the journals.
void with_disk(const JournaledBus& home, const std::function<void()>& body, const char* options = "mode=0755") {
  auto process = test::in_namespaces(CLONE_NEWNS, [&](const test::Parent&) {
    test::require(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                      ::mount("tmpfs", home.journals().c_str(), "tmpfs", 0, options) == 0,
                  "can't mount a folder for journals");
    body();
  });
  if (process) CHECK(process->wait() == test::End{});
}

void make_read_only(const JournaledBus& home, bool read_only = true) {
  test::require(::mount("", home.journals().c_str(), "", MS_REMOUNT | (read_only ? MS_RDONLY : 0), "mode=0755") == 0,
                "can't mount it again");
}

}  // namespace

TEST_CASE("a journal's folder that belongs to another user is refused", "[journal]") {
  if (!test::have_root()) return;
  const JournaledBus home;
  SECTION("of a new topic") {
    shmbus::Bus bus = home.open();
    std::filesystem::create_directories(home.folder("t"));
    REQUIRE(::chown(home.folder("t").c_str(), 1234, 1234) == 0);
    test::expect_refusal({ErrorCode::untrusted, home.folder("t"), "an owner that is accepted", "user 1234"},
                         [&] { bus.topic("t", journaled); });
    CHECK_FALSE(bus.find_topic("t"));
    REQUIRE(::chown(home.folder("t").c_str(), 0, 0) == 0);
    CHECK_NOTHROW(bus.topic("t", journaled));
  }
  SECTION("of a topic of before the machine's end") {
    leave_topic(home);
    REQUIRE(::chown(home.folder("t").c_str(), 1234, 1234) == 0);
    test::expect_refusal({ErrorCode::untrusted, home.folder("t"), "an owner that is accepted", "user 1234"},
                         [&] { home.open(); });
    shmbus::BusOptions accepting = home.options();
    accepting.owners = {1234};
    CHECK(shmbus::Bus::open(home.name(), accepting).find_topic("t"));
  }
  SECTION("of all topics of the bus") {
    leave_topic(home);
    const std::string folder = home.journals() + "/" + home.name();
    REQUIRE(::chown(folder.c_str(), 1234, 1234) == 0);
    test::expect_refusal({ErrorCode::untrusted, folder, "an owner that is accepted", "user 1234"},
                         [&] { home.open(); });
  }
}

TEST_CASE("a symbolic link in the place of a journal's folder is refused, and not followed", "[journal]") {
  const JournaledBus home;
  const std::string elsewhere = home.journals() + "/elsewhere";
  std::filesystem::create_directory(elsewhere);
  SECTION("of a new topic") {
    shmbus::Bus bus = home.open();
    std::filesystem::create_directories(home.journals() + "/" + home.name());
    std::filesystem::create_directory_symlink(elsewhere, home.folder("t"));
    test::expect_refusal({ErrorCode::untrusted, home.folder("t"), "a folder", "a symbolic link"},
                         [&] { bus.topic("t", journaled); });
    CHECK_FALSE(bus.find_topic("t"));
  }
  SECTION("of a topic of before the machine's end") {
    leave_topic(home);
    std::filesystem::rename(home.folder("t"), elsewhere + "/t");
    std::filesystem::create_directory_symlink(elsewhere + "/t", home.folder("t"));
    test::expect_refusal({ErrorCode::untrusted, home.folder("t"), "a folder", "a symbolic link"}, [&] { home.open(); });
    std::filesystem::remove(home.folder("t"));
    std::filesystem::rename(elsewhere + "/t", home.folder("t"));
    CHECK(home.open().find_topic("t"));
  }
  SECTION("of all topics of the bus") {
    shmbus::Bus bus = home.open();
    const std::string folder = home.journals() + "/" + home.name();
    std::filesystem::remove(folder);
    std::filesystem::create_directory_symlink(elsewhere, folder);
    test::expect_refusal({ErrorCode::untrusted, folder, "a folder", "a symbolic link"},
                         [&] { bus.topic("t", journaled); });
  }
  CHECK(std::filesystem::is_empty(elsewhere));
}

TEST_CASE("who may not write the folder of journals makes no journaled topic, and reads those that exist",
          "[journal]") {
  if (!test::have_root()) return;
  const JournaledBus home;
  std::filesystem::permissions(home.journals(), std::filesystem::perms{0755});
  SECTION("a new topic") {
    test::run_as({}, [&] {
      shmbus::Bus bus = home.open();
      require_refused(ErrorCode::permission, home.journals(), "Permission denied", "give this user the right",
                      [&] { bus.topic("t", journaled); });
      test::require(!bus.find_topic("t"), "a topic without its journal");
      test::require(bool{bus.publisher("memory").publish("x")}, "a topic without a journal");
    });
  }
  SECTION("a topic that another user made") {
    shmbus::BusOptions shared = home.options();
    shared.mode = 0666;
    shmbus::Bus bus = shmbus::Bus::open(home.name(), shared);
    shmbus::TopicOptions readable = journaled;
    readable.mode = 0666;
    shmbus::Publisher publisher = bus.publisher("t", readable);
    std::uint64_t sequence = 0;
    for (int i = 0; i < 1000; ++i) sequence = test::publish_numbered(publisher, 1, i + 1).sequence();
    REQUIRE(publisher.wait_durable(sequence, test::patience) == Status::ok);
    test::run_as({}, [&] {
      shmbus::Bus own = home.open();
      shmbus::Subscriber subscriber = own.subscriber("t", {.start = Start::oldest()});
      test::NumberedReading reading;
      test::poll_until(subscriber, "all events", std::ref(reading), [&] { return reading.sequence() == sequence; });
      test::require(reading.events() == sequence && subscriber.lost() == 0, "events of the journal are lost");
      // It publishes, and another process records that.
      shmbus::Publisher also = own.publisher("t");
      const auto result = test::publish_numbered(also, 2, 1);
      test::require(also.wait_durable(result.sequence(), test::patience) == Status::ok, "not durable");
      test::require(home.journal("t").pid != ::getpid(), "it records");
    });
  }
}

TEST_CASE("a disk that is mounted for reading is named, with what to do", "[journal]") {
  const JournaledBus home;
  const std::string remedy = "name a folder that may be written for journals";
  SECTION("a new topic") {
    with_disk(home, [&] {
      make_read_only(home);
      shmbus::Bus bus = home.open();
      require_refused(ErrorCode::permission, home.journals(), "Read-only file system", remedy,
                      [&] { bus.topic("t", journaled); });
      test::require(!bus.find_topic("t"), "a topic without its journal");
    });
  }
  SECTION("a topic of before the machine's end") {
    with_disk(home, [&] {
      leave_topic(home);
      make_read_only(home);
      require_refused(ErrorCode::permission, "journal of topic 't'", "Read-only file system", remedy,
                      [&] { home.open(); });
      make_read_only(home, false);
      test::require(home.open().find_topic("t").has_value(), "the topic is not there again");
    });
  }
}

TEST_CASE("a disk without room for a new journal is named, and not the machine's memory", "[journal]") {
  const JournaledBus home;
  // Room for the folders of bus and topic, and for no file.
  with_disk(
      home,
      [&] {
        shmbus::Bus bus = home.open();
        require_refused(ErrorCode::limit, "journal of topic 't'", "No space left on device", "free room on that disk",
                        [&] { bus.topic("t", journaled); });
        test::require(!bus.find_topic("t"), "a topic without its journal");
      },
      "mode=0755,nr_inodes=3");
}

TEST_CASE("the group that may read a topic may read all files of its journal, whoever recorded them", "[journal]") {
  if (!test::have_root()) return;
  constexpr gid_t team = 23'456;
  const JournaledBus home;
  const auto open = [&](Record record) {
    shmbus::BusOptions options = home.options(record);
    options.mode = 0660;
    options.group = std::to_string(team);
    return shmbus::Bus::open(home.name(), options);
  };
  shmbus::Bus bus = open(Record::none);
  shmbus::TopicOptions readable = journaled;
  readable.mode = 0640;
  readable.group = std::to_string(team);
  shmbus::Publisher publisher = bus.publisher("t", readable);
  test::ForkedProcess recorder([&](const test::Parent& parent) {
    const shmbus::Bus member = open(Record::all);
    parent.say();
    while (true) ::pause();
  });
  recorder.hear();
  const std::string payload(1000, 'x');
  constexpr std::uint64_t events = 3000;  // more than two files
  for (std::uint64_t i = 1; i <= events; ++i) REQUIRE(publisher.publish(payload));
  REQUIRE(publisher.wait_durable(events, test::patience) == Status::ok);

  std::filesystem::permissions(home.journals(),
                               std::filesystem::perms{0755});  // made as a temporary folder, for one user
  test::run_as({.group = team}, [&] {
    shmbus::JournalFiles journal(home.journals(), home.name(), "t");
    test::require(journal.info().files.size() > 2, "too few files");
    shmbus::JournalEvents all = journal.read(Start::oldest());
    std::uint64_t read = 0;
    while (const auto event = all.next()) ++read;
    test::require(read == events, "events are missing: " + std::to_string(read));
  });
}
