// Measures journals: recording, waiting for the disk, reading back. Prints one figure a line, each beside what it is compared
// with, from the same run. tests/bench/journal builds and runs it.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "journal/disk_storage.hpp"
#include "journal/file_names.hpp"
#include "journal/journal_reader.hpp"
#include "journal/journal_writer.hpp"
#include "recording/frame_batch.hpp"
#include "shmbus/shmbus.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using shmbus::Journal;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.at(values.size() / 2);
}

void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// A bus with its journals in a folder; both are removed at the end.
class Scene {
 public:
  explicit Scene(const std::string& folder)
      : path_(folder + "/shmbus-bench-" + std::to_string(::getpid())),
        name_("bench-" + std::to_string(::getpid())),
        bus_(shmbus::Bus::open(name_, {.journals = path_})) {}
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;
  ~Scene() {
    shmbus::Bus::remove(name_, shmbus::Journals::erase);
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  shmbus::Bus& bus() { return bus_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_, name_;
  shmbus::Bus bus_;
};

/// A preallocated file that is written as the recorder writes.
class PlainFile {
 public:
  PlainFile(const std::string& folder, std::size_t bytes) : path_(folder + "/plain-" + std::to_string(::getpid())) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(descriptor_ >= 0 && ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes)) == 0,
            "no file in " + folder);
  }
  PlainFile(const PlainFile&) = delete;
  PlainFile& operator=(const PlainFile&) = delete;
  ~PlainFile() {
    ::close(descriptor_);
    ::unlink(path_.c_str());
  }
  void write(const std::vector<char>& bytes) {
    require(::pwrite(descriptor_, bytes.data(), bytes.size(), at_) == static_cast<ssize_t>(bytes.size()), "a write");
    at_ += static_cast<off_t>(bytes.size());
  }
  void sync() { require(::fdatasync(descriptor_) == 0, "a sync"); }

 private:
  std::string path_;
  int descriptor_;
  off_t at_ = 0;
};

/// How fast 64-byte events come into a journal in memory, and out of it again.
void measure_rate(const std::string& folder, int rounds) {
  constexpr std::uint64_t kEvents = 20'000'000;
  std::vector<double> in, out;
  for (int round = 0; round < rounds; ++round) {
    Scene scene(folder);
    const shmbus::TopicOptions options{.block_size = std::size_t{1} << 20,
                                       .blocks = 32,
                                       .writers = shmbus::Writers::exclusive,
                                       .journal = Journal::page_cache(),
                                       .segment_file = std::uint64_t{256} << 20};
    auto publisher = scene.bus().publisher("events", options);
    const std::vector<std::byte> payload(64);
    auto start = Clock::now();
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < kEvents; ++i) last = publisher.publish(payload).sequence();
    require(publisher.wait_durable(last) == shmbus::Status::ok, "a wait");
    in.push_back(kEvents / seconds_since(start) / 1e6);
    auto subscriber = scene.bus().subscriber("events", {.start = shmbus::Start::oldest()});
    std::uint64_t read = 0;
    start = Clock::now();
    while (read < kEvents) {
      if (subscriber.poll([&](const shmbus::Event&) { ++read; }, 4096) == 0) subscriber.wait();
    }
    out.push_back(kEvents / seconds_since(start) / 1e6);
    require(subscriber.lost() == 0, "a subscriber lost events");
  }
  std::printf("recorded, 64 B, %s: %.1f M events/s (must be 10)\n", folder.c_str(), median(in));
  std::printf("replayed, 64 B, %s: %.1f M events/s (must be 20)\n", folder.c_str(), median(out));
}

/// Events of 64 KiB, so that frames have about a megabyte, against the same bytes written and synced by hand.
void measure_batches(const std::string& folder, int rounds) {
  constexpr std::size_t kEvent = std::size_t{64} << 10, kTotal = std::size_t{128} << 20;
  std::vector<double> ratios, rates;
  for (int round = 0; round < rounds; ++round) {
    double plain = 0, recorded = 0;
    {
      std::filesystem::create_directories(folder);
      PlainFile file(folder, kTotal);
      const std::vector<char> bytes(std::size_t{1} << 20, 'x');
      const auto start = Clock::now();
      for (std::size_t done = 0; done < kTotal; done += bytes.size()) {
        file.write(bytes);
        file.sync();
      }
      plain = kTotal / seconds_since(start);
    }
    {
      Scene scene(folder);
      auto publisher = scene.bus().publisher(
          "large",
          {.block_size = std::size_t{1} << 20, .blocks = 16, .journal = Journal::batch(), .segment_file = kTotal * 2});
      const std::vector<std::byte> payload(kEvent);
      publisher.wait_durable(publisher.publish(payload).sequence());  // the file is there
      const auto start = Clock::now();
      std::uint64_t last = 0;
      for (std::size_t done = 0; done < kTotal; done += kEvent) last = publisher.publish(payload).sequence();
      require(publisher.wait_durable(last) == shmbus::Status::ok, "a wait");
      recorded = kTotal / seconds_since(start);
    }
    ratios.push_back(recorded / plain);
    rates.push_back(recorded / 1e6);
  }
  std::printf("batches of a MiB, synced: %.0f MB/s, %.2f of the same writes and syncs by hand (must be 0.8)\n",
              median(rates), median(ratios));
}

/// One publisher with one event outstanding, against one sync of the same write, in turns.
void measure_wait(const std::string& folder, int rounds) {
  Scene scene(folder);
  std::filesystem::create_directories(scene.path());
  PlainFile file(scene.path(), std::size_t{16} << 20);
  auto publisher = scene.bus().publisher("wait", {.journal = Journal::batch()});
  const std::vector<std::byte> payload(64);
  const std::vector<char> bytes(152, 'x');  // a frame of one such event
  std::vector<double> waits, syncs;
  for (int i = 0; i < rounds * 200; ++i) {
    std::this_thread::sleep_for(5ms);  // a disk may be quicker just after another sync
    auto start = Clock::now();
    require(publisher.wait_durable(publisher.publish(payload).sequence()) == shmbus::Status::ok, "a wait");
    waits.push_back(seconds_since(start));
    std::this_thread::sleep_for(5ms);
    start = Clock::now();
    file.write(bytes);
    file.sync();
    syncs.push_back(seconds_since(start));
  }
  std::printf("a durable wait, p50: %.0f us, %.2f of a sync of the same write (must be 1.2 at most)\n",
              median(waits) * 1e6, median(waits) / median(syncs));
}

/// Durable events a second of 16 publishers, each with one outstanding.
void measure_durable(const std::string& folder, int rounds) {
  std::vector<double> one, many;
  for (int round = 0; round < rounds; ++round) {
    for (const int outstanding : {1, 64}) {
      Scene scene(folder);
      std::vector<std::thread> threads;
      std::atomic<std::uint64_t> events{0};
      const auto end = Clock::now() + 3s;
      for (int t = 0; t < 16; ++t) {
        threads.emplace_back([&] {
          auto publisher = scene.bus().publisher("durable", {.journal = Journal::batch()});
          const std::vector<std::byte> payload(64);
          while (Clock::now() < end) {
            std::uint64_t last = 0;
            for (int i = 0; i < outstanding; ++i) last = publisher.publish(payload).sequence();
            if (publisher.wait_durable(last) == shmbus::Status::ok) events += static_cast<std::uint64_t>(outstanding);
          }
        });
      }
      for (std::thread& thread : threads) thread.join();
      (outstanding == 1 ? one : many).push_back(static_cast<double>(events) / 3e3);
    }
  }
  std::printf("durable, 16 publishers: %.1f k events/s, each waits for each; %.1f k, each waits for 64\n", median(one),
              median(many));
}

/// A journal written at once, without a bus.
std::uint64_t write_journal(shmbus::journal::Storage& storage, std::uint64_t bytes, std::uint64_t file_bytes) {
  namespace journal = shmbus::journal;
  journal::Description d;
  d.bus = "bench";
  d.topic = "large";
  d.topic_id = 1;
  d.block_size = std::size_t{1} << 20;
  d.blocks = 16;
  d.record_header = 24;
  d.timestamps = true;
  d.sync = journal::SyncKind::page_cache;
  d.unrecorded_limit_ns = 1'000'000'000;
  d.file_bytes = file_bytes;
  auto writer = journal::JournalWriter::open(storage, d);
  const auto geometry = shmbus::layout::Geometry::of(d.block_size, d.blocks, true, 8);
  shmbus::recording::FrameBatch batch(geometry, true, sizeof(journal::FrameHeader));
  const std::vector<std::byte> payload(64);
  std::uint64_t number = 0, written = 0;
  while (written < bytes) {
    batch.clear();
    while (batch.bytes() < (std::size_t{1} << 20)) {
      shmbus::detail::EventRecord record;
      record.payload = payload.data();
      record.size = payload.size();
      record.sequence = ++number;
      batch.add(record, static_cast<std::int64_t>(number) * 1000, 0);
    }
    const auto& piece = batch.pieces().front();
    require(writer->append(batch.frame(piece),
                           {piece.events, piece.first, piece.last, piece.first_time, piece.last_time}) == 0,
            writer->failure().text());
    written += batch.bytes();
  }
  return number;  // as after a kill: the last file is not closed
}

void measure_large(const std::string& folder, std::uint64_t gib) {
  namespace journal = shmbus::journal;
  const std::string root = folder + "/shmbus-bench-large-" + std::to_string(::getpid());
  std::filesystem::create_directories(root);
  struct Removed {
    const std::string& path;
    ~Removed() {
      std::error_code error;
      std::filesystem::remove_all(path, error);
    }
  } const removed{root};
  const auto storage = journal::DiskStorage::create(root, {"bench", "large"}, {});
  const std::uint64_t last = write_journal(*storage, gib << 30, std::uint64_t{128} << 20);
  journal::FrameBuffer buffer;
  std::vector<double> by_sequence, by_time;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const std::uint64_t number = last / 21 * i;
    auto start = Clock::now();
    auto reader = journal::JournalReader::open(*storage);
    require(
        reader->seek_sequence(number) == 0 && reader->next(journal::JournalReader::kNoLimit, buffer).first <= number,
        "a start at a sequence");
    by_sequence.push_back(seconds_since(start) * 1e3);
    start = Clock::now();
    reader = journal::JournalReader::open(*storage);
    require(reader->seek_time(static_cast<std::int64_t>(number) * 1000) == 0 &&
                reader->next(journal::JournalReader::kNoLimit, buffer).stretch == journal::Stretch::events,
            "a start at a time");
    by_time.push_back(seconds_since(start) * 1e3);
  }
  std::printf("start in a journal of %llu GiB: %.2f ms at a sequence, %.2f ms at a time (must be 10 ms at most)\n",
              static_cast<unsigned long long>(gib), median(by_sequence), median(by_time));
}

/// How long it takes to open a journal that was left with such a last file, in seconds. The file was synced before, and
/// is in the page cache.
double time_recovery(const std::string& folder, std::uint64_t written, std::uint64_t file_bytes) {
  namespace journal = shmbus::journal;
  const std::string root = folder + "/shmbus-bench-crash-" + std::to_string(::getpid());
  std::filesystem::create_directories(root);
  const auto storage = journal::DiskStorage::create(root, {"bench", "large"}, {});
  require(write_journal(*storage, written, file_bytes) != 0, "no journal");
  std::unique_ptr<journal::StoredFile> file;
  require(storage->open(journal::events_name(1), journal::Use::write, file) == 0 && file->sync() == 0, "a sync");
  const journal::Description d = journal::JournalReader::open(*storage)->description();
  const auto start = Clock::now();
  auto writer = journal::JournalWriter::open(*storage, d);
  const double took = seconds_since(start);
  std::error_code error;
  std::filesystem::remove_all(root, error);
  return took;
}

void measure_recovery(const std::string& folder, int rounds) {
  std::vector<double> large, room;
  for (int round = 0; round < rounds; ++round) {
    large.push_back(time_recovery(folder, std::uint64_t{1} << 30, std::uint64_t{2} << 30));
    room.push_back(time_recovery(folder, std::uint64_t{1} << 20, std::uint64_t{128} << 20));
  }
  std::printf(
      "opening after a crash: %.2f s where the last file has a GiB (must be 1 s at most), %.1f ms where it is all "
      "but room\n",
      median(large), median(room) * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string disk = argc > 1 ? argv[1] : ".", memory = argc > 2 ? argv[2] : "/dev/shm";
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  const std::string only = argc > 4 ? argv[4] : "";
  const auto run = [&](const char* name, const std::function<void()>& measure) {
    if (only.empty() || only == name) measure();
    std::fflush(stdout);
  };
  try {
    run("rate", [&] { measure_rate(memory, rounds); });
    run("wait", [&] { measure_wait(disk, rounds); });
    run("batches", [&] { measure_batches(disk, rounds); });
    run("durable", [&] { measure_durable(disk, rounds); });
    run("recovery", [&] { measure_recovery(disk, rounds); });
    run("large", [&] { measure_large(disk, 10); });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "journal_bench: %s\n", error.what());
    return 1;
  }
}
