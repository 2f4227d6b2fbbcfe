#include "recording/recording_service.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <optional>
#include <utility>

#include "platform/descriptor.hpp"
#include "platform/fork_guard.hpp"
#include "platform/process.hpp"
#include "platform/quiet_thread.hpp"
#include "platform/system_error.hpp"
#include "recording/journal_home.hpp"
#include "registry/node_process.hpp"
#include "shmbus/detail/crash_point.hpp"
#include "shmbus/error.hpp"

namespace shmbus::recording {

using namespace std::chrono_literals;

namespace {

constexpr std::chrono::nanoseconds kSoon = 2ms;       // where the holder can't be watched for its death
constexpr std::chrono::nanoseconds kBlind = 10ms;     // the same, for long
constexpr std::chrono::nanoseconds kNowAndThen = 1s;  // a recorder may also end without dying

}  // namespace

/// A topic that this process may record. `recorder` is null while another process records it.
struct RecordingService::Candidate {
  explicit Candidate(std::shared_ptr<topic::TopicSegment> s) : segment(std::move(s)) {}
  Candidate(const Candidate&) = delete;
  Candidate& operator=(const Candidate&) = delete;
  ~Candidate() {
    if (holder_fd >= 0) ::close(holder_fd);
  }

  std::shared_ptr<topic::TopicSegment> segment;
  std::unique_ptr<Recorder> recorder;
  std::thread thread;
  std::atomic<bool> ended{false};
  std::uint64_t holder = 0;  // node that `holder_fd` is about
  int holder_fd = -1;        // readable when the holder's process has ended
  int blind_looks = 0;
  bool refused = false;  // this process may not write the journal
};

/// The services of this process, one for each Bus. Changed and read under NoFork.
struct RecordingService::Neighbours {
  static std::vector<RecordingService*>& all() {
    static auto* const services = new std::vector<RecordingService*>;  // a Bus may be destroyed at the program's end
    return *services;
  }
};

RecordingService::RecordingService(std::function<void(RecordingService&)> discover, std::uint64_t low_space)
    : discover_(std::move(discover)), low_space_(low_space) {
  const platform::NoFork no_fork;
  Neighbours::all().push_back(this);
}

RecordingService::~RecordingService() {
  leave();
  // Their locks are free now. No process has died, so nothing else wakes those who wait for them.
  const platform::NoFork no_fork;
  std::erase(Neighbours::all(), this);
  if (forked_) return;
  for (RecordingService* const other : Neighbours::all()) other->rouse();
}

void RecordingService::leave() noexcept {
  if (forked_) {  // the child has none of the threads, only their handles, which must not be destroyed
    new std::thread(std::move(watcher_));
    new std::vector<std::unique_ptr<Candidate>>(std::move(candidates_));
    return;
  }
  stopping_.store(true, std::memory_order_seq_cst);
  rouse();
  if (watcher_.joinable()) watcher_.join();
  for (const auto& candidate : candidates_) {
    if (candidate->recorder) candidate->recorder->stop();
  }
  for (const auto& candidate : candidates_) {
    if (candidate->thread.joinable())
      candidate->thread.join();
    else
      write_rest(*candidate);
  }
  candidates_.clear();
  if (bell_ >= 0) ::close(std::exchange(bell_, -1));
}

/// The topic's recorder may have ended a moment ago, and this may be the last process of the bus.
void RecordingService::write_rest(Candidate& candidate) noexcept {
  if (candidate.ended || candidate.refused) return;
  try {
    if (auto journal = lock_journal(*candidate.segment))
      Recorder(candidate.segment, std::move(journal->storage), std::move(journal->lock), low_space_).run_once();
  } catch (const std::exception&) {
    // The topic shows that nobody records.
  }
}

void RecordingService::offer(const std::shared_ptr<topic::TopicSegment>& segment, NewJournal* locked) {
  const std::lock_guard lock(mutex_);
  if (stopping_.load(std::memory_order_relaxed)) return;
  start_locked();
  const auto known = std::find_if(candidates_.begin(), candidates_.end(),
                                  [&](const auto& c) { return c->segment->id() == segment->id() && !c->ended; });
  if (known != candidates_.end()) return;
  candidates_.push_back(std::make_unique<Candidate>(segment));
  if (locked != nullptr) record(*candidates_.back(), std::move(locked->storage), std::move(locked->lock));
  rouse();
}

void RecordingService::start() {
  const std::lock_guard lock(mutex_);
  start_locked();
}

void RecordingService::start_locked() {
  if (watcher_.joinable()) return;
  if (bell_ < 0) bell_ = platform::open_descriptor([] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); });
  if (bell_ < 0) throw platform::system_error(errno, "recording a journal", "an eventfd");
  watcher_ = platform::start_quiet_thread("recording a journal", [this] { watch(); });
}

void RecordingService::rouse() noexcept {
  const std::uint64_t one = 1;
  if (bell_ >= 0) [[maybe_unused]]
    const auto written = ::write(bell_, &one, sizeof one);
}

void RecordingService::watch() noexcept {
  while (!stopping_.load(std::memory_order_seq_cst)) {
    std::chrono::nanoseconds longest = kNowAndThen;
    std::vector<pollfd> watched;
    try {
      if (discover_) discover_(*this);
      const std::lock_guard lock(mutex_);
      watched.push_back({bell_, POLLIN, 0});
      std::erase_if(candidates_, [](const auto& candidate) {
        if (!candidate->ended) return false;
        if (candidate->thread.joinable()) candidate->thread.join();
        return true;
      });
      for (const auto& candidate : candidates_) {
        longest = std::min(longest, look(*candidate));
        if (candidate->holder_fd >= 0) watched.push_back({candidate->holder_fd, POLLIN, 0});
      }
    } catch (const std::exception&) {
      longest = kBlind;  // memory is short: try again
    }
    SHMBUS_CRASH_POINT("recording.watching");
    if (stopping_.load(std::memory_order_seq_cst)) return;
    ::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(1, longest / 1ms)));
    std::uint64_t rings = 0;
    if (bell_ >= 0) [[maybe_unused]]
      const auto taken = ::read(bell_, &rings, sizeof rings);
  }
}

/// Takes the topic if no process records it; else watches the one that does. Returns after which time to look again.
std::chrono::nanoseconds RecordingService::look(Candidate& candidate) {
  if (candidate.thread.joinable() || candidate.refused) return kNowAndThen;
  topic::TopicSegment& segment = *candidate.segment;
  if (segment.removed() || segment.node().registry().removed()) {
    candidate.ended = true;
    return kSoon;
  }
  if (take(candidate)) return kNowAndThen;
  const std::uint64_t holder = segment.journal()->recorder.load(std::memory_order_acquire);
  if (holder == candidate.holder && candidate.holder_fd >= 0) {
    // It has ended, and its lock is not free yet; or it is a process of many nodes.
    pollfd ended{candidate.holder_fd, POLLIN, 0};
    if (::poll(&ended, 1, 0) == 0) return kNowAndThen;
  }
  if (candidate.holder_fd >= 0) ::close(std::exchange(candidate.holder_fd, -1));
  candidate.holder = holder;
  const std::int32_t pid = registry::process_of(segment.node().registry(), holder);
  if (pid == ::getpid()) return kNowAndThen;  // another Bus of this process: it rouses us
  if (pid > 0) {
    candidate.holder_fd = platform::open_process(pid);
    if (candidate.holder_fd >= 0) {
      SHMBUS_CRASH_POINT("recording.watched");
      candidate.blind_looks = 0;
      if (take(candidate)) return kNowAndThen;  // W1
      if (segment.journal()->recorder.load(std::memory_order_acquire) == holder) return kNowAndThen;
      return kSoon;
    }
  }
  return ++candidate.blind_looks < 50 ? kSoon : kBlind;
}

bool RecordingService::take(Candidate& candidate) {
  try {
    auto journal = lock_journal(*candidate.segment);
    if (!journal) return false;
    SHMBUS_CRASH_POINT("recording.taken");
    record(candidate, std::move(journal->storage), std::move(journal->lock));
    return true;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::permission || error.code() == ErrorCode::untrusted) candidate.refused = true;
    return false;  // another process may be able to; where none is, the topic shows that nobody records
  }
}

void RecordingService::record(Candidate& candidate, std::unique_ptr<journal::DiskStorage> storage,
                              platform::LockedByte lock) {
  candidate.recorder = std::make_unique<Recorder>(candidate.segment, std::move(storage), std::move(lock), low_space_);
  if (candidate.holder_fd >= 0) ::close(std::exchange(candidate.holder_fd, -1));
  try {
    candidate.thread = platform::start_quiet_thread("recording " + candidate.segment->name().object(),
                                                    [this, &candidate] { run(candidate); });
  } catch (...) {
    candidate.recorder.reset();
    throw;
  }
}

void RecordingService::run(Candidate& candidate) noexcept {
  candidate.recorder->run();
  candidate.ended.store(true, std::memory_order_release);
  rouse();
}

}  // namespace shmbus::recording
