#include "endpoint.hpp"

#include <exception>
#include <stdexcept>

#include <fmt/format.h>
#include <prometheus/exposer.h>

#include "settings.hpp"
#include "unix_endpoint.hpp"

namespace shmbus::daemon {
namespace {

class TcpEndpoint : public Endpoint {
 public:
  TcpEndpoint(const std::string& listen, const std::shared_ptr<prometheus::Collectable>& metrics) : exposer_(listen) {
    exposer_.RegisterCollectable(metrics);
    const int port = exposer_.GetListeningPorts().at(0);
    address_ = fmt::format("http://{}:{}/metrics", listen.substr(0, listen.rfind(':')), port);
  }
  std::string address() const override { return address_; }

 private:
  prometheus::Exposer exposer_;
  std::string address_;
};

}  // namespace

std::unique_ptr<Endpoint> open_endpoint(const std::string& listen,
                                        const std::shared_ptr<prometheus::Collectable>& metrics) try {
  if (listen.starts_with(unix_prefix)) return open_unix_endpoint(listen.substr(unix_prefix.size()), metrics);
  return std::make_unique<TcpEndpoint>(listen, metrics);
} catch (const std::exception& error) {
  throw std::runtime_error(
      fmt::format("metrics.listen \"{}\": expected an address that is free and one's own, found: {}; see who listens "
                  "there (ss -lp)",
                  listen, error.what()));
}

}  // namespace shmbus::daemon
