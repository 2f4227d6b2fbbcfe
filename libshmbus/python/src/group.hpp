#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "event.hpp"
#include "python.hpp"
#include "shmbus/group.hpp"

namespace shmbus::python {

/// A lease in the hands of Python. Any thread: the GIL is only given away once it has ended.
class LeaseObject {
 public:
  /// `group` names its group in errors.
  LeaseObject(Lease lease, std::shared_ptr<const std::string> group);
  /// Gives the event back where the lease has not ended, and warns.
  ~LeaseObject();
  LeaseObject(const LeaseObject&) = delete;
  LeaseObject& operator=(const LeaseObject&) = delete;

  /// The same object each time. *Throws* Failure once the lease has ended; so do all that follow.
  std::shared_ptr<EventObject> event();
  void acknowledge();
  void give_back(py::handle delay);
  void reject(const std::string& reason);
  void extend(double seconds);

  /// For the end of a `with` block.
  void leave(bool failed);
  std::uint64_t sequence() const noexcept { return sequence_; }
  unsigned deliveries() const noexcept { return deliveries_; }
  bool alive() const noexcept { return ended_ == nullptr; }
  std::string text() const;

 private:
  Lease& get();
  /// Ends the event, so that nothing reads it any more: then the lease may end.
  void end(const char* how) noexcept;
  /// *Throws* Failure for a status other than `ok`.
  void check(Status status);

  Lease lease_;
  std::shared_ptr<const std::string> group_;
  std::uint64_t sequence_;
  unsigned deliveries_;
  pid_t process_;
  std::shared_ptr<EventObject> event_;
  const char* ended_ = nullptr;  // how it ended: "was acknowledged"
};

/// A member of a group. Any thread.
class GroupObject {
 public:
  explicit GroupObject(Group group);
  ~GroupObject() { close(); }
  GroupObject(const GroupObject&) = delete;
  GroupObject& operator=(const GroupObject&) = delete;

  /// Null where the time is over, once it was interrupted or closed, and when the bus was removed.
  std::shared_ptr<LeaseObject> take(py::handle timeout);
  void interrupt() { get()->interrupt(), interrupted_ = true; }
  bool interrupted() const noexcept { return interrupted_; }
  /// Waiting calls return, and the last of them leaves the group.
  void close();
  bool closed() const noexcept { return group_ == nullptr; }
  /// *Throws* Failure once it is closed.
  const std::shared_ptr<Group>& get() const;

 private:
  std::shared_ptr<Group> group_;
  std::shared_ptr<const std::string> object_;
  pid_t process_;
  bool interrupted_ = false;
};

}  // namespace shmbus::python
