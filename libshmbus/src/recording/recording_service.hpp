#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "recording/new_journal.hpp"
#include "recording/recorder.hpp"
#include "topic/topic_segment.hpp"

namespace shmbus::recording {

/// Offers that this process records journaled topics. For each topic one process at a time does: the one that the kernel
/// gave the lock of its journal. One thread watches the others, and takes a topic over within milliseconds of its
/// recorder's death; each topic that is recorded here has a thread of its own. There are threads only where there is a
/// topic. Any thread.
///
/// W1 The lock is asked again after the holder's death can be noticed, so a death between two looks is not missed.
/// W2 No thread waits for the lock in the kernel: nothing but a signal would end that.
class RecordingService {
 public:
  /// `discover` is called now and then by the thread, and may call `offer`.
  /// `low_space`: see BusOptions.
  RecordingService(std::function<void(RecordingService&)> discover, std::uint64_t low_space);
  RecordingService(const RecordingService&) = delete;
  RecordingService& operator=(const RecordingService&) = delete;
  /// Stops recording: what is in the rings is written before.
  ~RecordingService();

  /// Records this topic from now on whenever no other process does. `locked` is its journal, where this process has just
  /// created the topic; else null. *Throws* Error where the system refuses a thread.
  void offer(const std::shared_ptr<topic::TopicSegment>& segment, NewJournal* locked);
  /// Starts the watching thread though there is no topic yet: topics are found by `discover`.
  void start();
  /// Looks at once whether a topic has no recorder. Async-signal-safe.
  void rouse() noexcept;
  /// Called in a forked child: its destructor then does nothing.
  void in_child() noexcept { forked_ = true; }

 private:
  struct Candidate;
  struct Neighbours;

  void leave() noexcept;
  void start_locked();
  void watch() noexcept;
  std::chrono::nanoseconds look(Candidate& candidate);
  bool take(Candidate& candidate);
  void write_rest(Candidate& candidate) noexcept;
  void record(Candidate& candidate, std::unique_ptr<journal::DiskStorage> storage, platform::LockedByte lock);
  void run(Candidate& candidate) noexcept;

  std::function<void(RecordingService&)> discover_;
  const std::uint64_t low_space_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Candidate>> candidates_;  // added under the mutex; changed by the thread alone
  std::thread watcher_;
  int bell_ = -1;  // an eventfd
  std::atomic<bool> stopping_{false};
  bool forked_ = false;
};

}  // namespace shmbus::recording
