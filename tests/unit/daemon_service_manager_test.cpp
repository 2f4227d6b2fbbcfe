// What a daemon notifies the service manager of, and when.

#include "service_manager.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "support/temporary_folder.hpp"

using shmbus::daemon::ServiceManager;

namespace {

/// The socket of a service manager. NOTIFY_SOCKET names it while it exists.
class Notified {
 public:
  Notified() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  Notified(const Notified&) = delete;
  Notified& operator=(const Notified&) = delete;
  ~Notified() {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }

  /// The next notification, or "nothing". They arrive before the sender goes on.
  std::string next() const {
    std::array<char, 512> text{};
    const ssize_t size = ::recv(fd_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("notify");
  int fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

}  // namespace

TEST_CASE("readiness is notified once, and again after each reading of the configuration", "[daemon]") {
  const Notified notified;
  ServiceManager manager;
  manager.ready();
  manager.ready();
  CHECK(notified.next() == "READY=1");
  CHECK(notified.next() == "nothing");
  manager.reloading();
  CHECK_THAT(notified.next(), Catch::Matches("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  manager.reloaded();
  CHECK(notified.next() == "READY=1");
  manager.stopping();
  CHECK(notified.next() == "STOPPING=1");
}

TEST_CASE("a daemon that was not ready is not ready by reading its configuration", "[daemon]") {
  const Notified notified;
  ServiceManager manager;
  manager.reloading();
  CHECK_THAT(notified.next(), Catch::StartsWith("RELOADING=1\n"));
  manager.reloaded();
  CHECK(notified.next() == "nothing");
  manager.ready();
  CHECK(notified.next() == "READY=1");
}

TEST_CASE("a status is notified when it is a new one", "[daemon]") {
  const Notified notified;
  ServiceManager manager;
  manager.status("waits");
  manager.status("waits");
  CHECK(notified.next() == "STATUS=waits");
  CHECK(notified.next() == "nothing");
  manager.status("works");
  CHECK(notified.next() == "STATUS=works");
}
