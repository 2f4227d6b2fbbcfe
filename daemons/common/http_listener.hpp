#pragma once

#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "http_session.hpp"

namespace shmbus::daemon {

/// Serves pages at an address, on a thread of its own. `Protocol` is asio's: TCP, or that of Unix sockets. It uses
/// Boost.Beast, since the server of prometheus-cpp serves only metrics, does not say why it can't listen, and is built
/// without Unix sockets in Debian.
template <class Protocol>
class HttpListener {
 public:
  /// Throws boost::system::system_error if it can't listen there.
  HttpListener(const typename Protocol::endpoint& address, std::shared_ptr<const HttpPages> pages)
      : pages_(std::move(pages)), acceptor_(io_, address) {
    accept();
    worker_ = std::thread{[this] { io_.run(); }};
  }
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  ~HttpListener() {
    io_.stop();
    worker_.join();
  }

  typename Protocol::endpoint address() const { return acceptor_.local_endpoint(); }

 private:
  void accept() {
    acceptor_.async_accept(next_, [this](const boost::system::error_code& error) {
      if (error) return rest();
      serve(std::exchange(next_, HttpSocket{io_}), pages_);
      accept();
    });
  }

  /// Waits before it accepts again: where accepting fails, for example for want of descriptors, it would fail again at once.
  void rest() {
    constexpr std::chrono::milliseconds while_others_close{100};
    pause_.expires_after(while_others_close);
    pause_.async_wait([this](const boost::system::error_code&) { accept(); });
  }

  boost::asio::io_context io_{1};
  std::shared_ptr<const HttpPages> pages_;
  typename Protocol::acceptor acceptor_;
  HttpSocket next_{io_};
  boost::asio::steady_timer pause_{io_};
  std::thread worker_;
};

}  // namespace shmbus::daemon
