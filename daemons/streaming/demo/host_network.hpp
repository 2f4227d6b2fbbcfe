#pragma once

#include <cstdint>

namespace demo {

/// The network of one host: a namespace with nothing in it but its loopback. Where the system does not allow that, all hosts
/// share the network of this process.
class HostNetwork {
 public:
  /// Throws Failure.
  HostNetwork();
  ~HostNetwork();
  HostNetwork(const HostNetwork&) = delete;
  HostNetwork& operator=(const HostNetwork&) = delete;

  /// The namespace, for setns(2); -1 if it is shared.
  int descriptor() const { return namespace_; }
  /// A socket that listens on this network's 127.0.0.1.
  int listener() const { return listener_; }
  std::uint16_t port() const { return port_; }  ///< of the listener

 private:
  int namespace_ = -1;
  int listener_ = -1;
  std::uint16_t port_ = 0;
};

}  // namespace demo
