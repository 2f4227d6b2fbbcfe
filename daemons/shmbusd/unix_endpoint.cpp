#include "unix_endpoint.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <thread>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace shmbus::daemon {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Protocol = asio::local::stream_protocol;
using Metrics = std::shared_ptr<prometheus::Collectable>;

http::response<http::string_body> answer(const http::request<http::empty_body>& request,
                                         prometheus::Collectable& metrics) {
  http::response<http::string_body> response{http::status::ok, request.version()};
  response.keep_alive(false);
  response.set(http::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
  if (request.method() != http::verb::get) {
    response.result(http::status::method_not_allowed);
    response.set(http::field::allow, "GET");
  } else if (request.target() != "/metrics") {
    response.result(http::status::not_found);
    response.body() = "the metrics are at /metrics\n";
  } else {
    response.body() = prometheus::TextSerializer{}.Serialize(metrics.Collect());
  }
  response.prepare_payload();
  return response;
}

/// One request and its answer. It lives as long as something is under way.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Protocol::socket socket, Metrics metrics) : stream_(std::move(socket)), metrics_(std::move(metrics)) {}

  void start() {
    constexpr std::chrono::seconds patience{10};  // with a client that says nothing, or does not read
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->reply();
    });
  }

 private:
  void reply() {
    response_ = answer(request_, *metrics_);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code, std::size_t) {
      beast::error_code ignored;
      self->stream_.socket().shutdown(Protocol::socket::shutdown_both, ignored);
    });
  }

  beast::basic_stream<Protocol> stream_;
  Metrics metrics_;
  beast::flat_buffer buffer_{8192};  // the largest request
  http::request<http::empty_body> request_;
  http::response<http::string_body> response_;
};

/// Removes what a listener that died left, and nothing else.
void remove_abandoned(asio::io_context& io, const std::string& path) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0 || !S_ISSOCK(file.st_mode)) return;
  beast::error_code error;
  Protocol::socket(io).connect(Protocol::endpoint{path}, error);
  if (error == asio::error::connection_refused) ::unlink(path.c_str());
}

class UnixEndpoint : public Endpoint {
 public:
  UnixEndpoint(const std::string& path, Metrics metrics) : path_(path), metrics_(std::move(metrics)), acceptor_(io_) {
    remove_abandoned(io_, path_);
    acceptor_ = Protocol::acceptor{io_, Protocol::endpoint{path_}};
    accept();
    worker_ = std::thread{[this] { io_.run(); }};
  }
  UnixEndpoint(const UnixEndpoint&) = delete;
  UnixEndpoint& operator=(const UnixEndpoint&) = delete;
  ~UnixEndpoint() override {
    io_.stop();
    worker_.join();
    ::unlink(path_.c_str());
  }

  std::string address() const override { return "unix:" + path_; }

 private:
  void accept() {
    acceptor_.async_accept([this](beast::error_code error, Protocol::socket socket) {
      if (!error) {
        std::make_shared<Session>(std::move(socket), metrics_)->start();
        accept();
      } else {
        rest();
      }
    });
  }

  /// Where accepting fails, for want of descriptors for example, it would fail at once again.
  void rest() {
    constexpr std::chrono::milliseconds while_others_close{100};
    pause_.expires_after(while_others_close);
    pause_.async_wait([this](beast::error_code) { accept(); });
  }

  asio::io_context io_{1};
  std::string path_;
  Metrics metrics_;
  Protocol::acceptor acceptor_;
  asio::steady_timer pause_{io_};
  std::thread worker_;
};

}  // namespace

std::unique_ptr<Endpoint> open_unix_endpoint(const std::string& path,
                                             const std::shared_ptr<prometheus::Collectable>& metrics) {
  return std::make_unique<UnixEndpoint>(path, metrics);
}

}  // namespace shmbus::daemon
