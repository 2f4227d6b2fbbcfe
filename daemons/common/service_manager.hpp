#pragma once

#include <string>
#include <string_view>

namespace shmbus::daemon {

/// Notifies the service manager of a daemon's state. A failed notification is logged and has no other effect. One thread at
/// a time.
class ServiceManager {
 public:
  /// Notifies once that the daemon is ready.
  void ready();
  /// The configuration is being read again. Call `reloaded` after it.
  void reloading();
  /// It has been read. The daemon is ready, if it was before.
  void reloaded();
  void stopping();
  /// A line for `systemctl status`. Notifies only of a new one.
  void status(const std::string& line);

 private:
  static void tell(std::string_view state);

  bool ready_ = false;
  std::string status_;
};

}  // namespace shmbus::daemon
