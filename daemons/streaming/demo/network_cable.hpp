#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "demo/host_network.hpp"

namespace demo {

/// The cable between a host's network and a port of this process's network. It passes TCP connections on.
class NetworkCable {
 public:
  explicit NetworkCable(const HostNetwork& host);
  ~NetworkCable();
  NetworkCable(const NetworkCable&) = delete;
  NetworkCable& operator=(const NetworkCable&) = delete;

  /// Where new connections go.
  void lead_to(std::uint16_t port);
  /// Lets no byte pass any more, in no direction, once it returns. The two ends are not told, as if a cable had been pulled.
  void cut();
  /// What waited goes on, as TCP would send it again.
  void mend();

 private:
  void run();
  void wake();

  int listener_;
  int wake_;  // eventfd
  std::atomic<std::uint16_t> port_{0};
  std::atomic<bool> cut_{false};
  std::atomic<bool> idle_{false};  // the thread has seen that it is cut
  std::atomic<bool> end_{false};
  std::thread thread_;
};

}  // namespace demo
