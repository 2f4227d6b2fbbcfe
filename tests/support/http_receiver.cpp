#include "support/http_receiver.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <thread>

namespace test {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr std::size_t largest_request = std::size_t{256} << 20;

}  // namespace

class HttpReceiver::Impl {
 public:
  explicit Impl(unsigned short port)
      : acceptor_(context_, {asio::ip::address_v4::loopback(), port}), port_(acceptor_.local_endpoint().port()) {
    accept();
    thread_ = std::thread([this] { context_.run(); });
  }
  ~Impl() {
    context_.stop();
    thread_.join();
  }

  unsigned short port() const { return port_; }

  void answer_with(unsigned status, const std::string& body, const std::string& retry_after) {
    const std::lock_guard lock{mutex_};
    status_ = status;
    body_ = body;
    retry_after_ = retry_after;
    bytes_.clear();
    silent_ = false;
  }
  void answer_with_bytes(const std::string& bytes) {
    const std::lock_guard lock{mutex_};
    bytes_ = bytes;
    silent_ = false;
  }
  void stop_answering() {
    const std::lock_guard lock{mutex_};
    silent_ = true;
  }
  std::vector<Request> requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
  }

 private:
  struct Session {
    explicit Session(tcp::socket socket) : stream(std::move(socket)) { parser.body_limit(largest_request); }
    beast::tcp_stream stream;
    beast::flat_buffer buffer;
    http::request_parser<http::string_body> parser;
    http::response<http::string_body> response;
    std::string bytes;  // instead
  };

  void accept() {
    acceptor_.async_accept([this](beast::error_code error, tcp::socket socket) {
      if (error) return;
      read(std::make_shared<Session>(std::move(socket)));
      accept();
    });
  }

  void read(const std::shared_ptr<Session>& session) {
    http::async_read(session->stream, session->buffer, session->parser,
                     [this, session](beast::error_code error, std::size_t) {
                       if (!error) reply(session);
                     });
  }

  void reply(const std::shared_ptr<Session>& session) {
    const auto& request = session->parser.get();
    const std::lock_guard lock{mutex_};
    requests_.push_back({std::string{request.method_string()}, std::string{request.target()},
                         std::string{request[http::field::content_type]}, request.body()});
    if (silent_) {
      silent_sessions_.push_back(session);
      return;
    }
    if (!bytes_.empty()) {
      session->bytes = bytes_;
      asio::async_write(session->stream, asio::buffer(session->bytes),
                        [session](beast::error_code, std::size_t) { close(*session); });
      return;
    }
    session->response.result(status_);
    if (!retry_after_.empty()) session->response.set(http::field::retry_after, retry_after_);
    session->response.version(11);
    session->response.keep_alive(false);
    session->response.body() = body_;
    session->response.prepare_payload();
    http::async_write(session->stream, session->response,
                      [session](beast::error_code, std::size_t) { close(*session); });
  }

  static void close(Session& session) {
    beast::error_code ignored;
    session.stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  }

  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  unsigned short port_;
  mutable std::mutex mutex_;
  unsigned status_ = 200;
  std::string body_ = "{}";
  std::string retry_after_;
  std::string bytes_;
  bool silent_ = false;
  std::vector<Request> requests_;
  std::vector<std::shared_ptr<Session>> silent_sessions_;
  std::thread thread_;
};

HttpReceiver::HttpReceiver(unsigned short port) : impl_(std::make_unique<Impl>(port)) {}
HttpReceiver::~HttpReceiver() = default;
std::string HttpReceiver::url() const { return "http://127.0.0.1:" + std::to_string(impl_->port()); }
unsigned short HttpReceiver::free_port() {
  asio::io_context context;
  return tcp::acceptor{context, {asio::ip::address_v4::loopback(), 0}}.local_endpoint().port();
}
void HttpReceiver::answer_with(unsigned status, const std::string& body, const std::string& retry_after) {
  impl_->answer_with(status, body, retry_after);
}
void HttpReceiver::answer_with_bytes(const std::string& bytes) { impl_->answer_with_bytes(bytes); }
void HttpReceiver::stop_answering() { impl_->stop_answering(); }
std::vector<HttpReceiver::Request> HttpReceiver::requests() const { return impl_->requests(); }

}  // namespace test
