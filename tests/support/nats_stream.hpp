#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

/// A message as a stream holds it.
struct StoredMessage {
  using Headers = std::vector<std::pair<std::string, std::string>>;

  std::uint64_t sequence = 0;
  std::string subject{};
  Headers headers{};  ///< sorted by name
  std::string payload{};

  /// The first value of that name; nothing where there is none.
  std::optional<std::string> header(std::string_view name) const;
};

struct StreamOptions {
  std::string name;
  std::vector<std::string> subjects;
  int replicas = 1;
  bool memory = false;          ///< else in files
  std::int64_t max_bytes = -1;  ///< -1: no limit
  std::int64_t max_messages = -1;
  std::int32_t max_message_size = -1;
  bool discard_new = true;  ///< a full stream refuses; else it drops its oldest messages
};

struct StreamState {
  std::uint64_t messages = 0, bytes = 0, first = 0, last = 0;
  std::string leader{};
  StreamOptions options{};
  std::int64_t max_age = 0;  ///< nanoseconds
};

struct ConsumerState {
  std::string name{};
  std::uint64_t acknowledged = 0;  ///< all messages up to this stream sequence are
  std::uint64_t pending = 0;       ///< not delivered yet
};

/// How to log in to a server.
struct NatsLogin {
  std::string user{}, password{};
  std::string ca{}, certificate{}, key{};  ///< files; any of them: TLS
};

/// A client that looks at streams, and prepares them. All its functions wait for the server, and throw std::runtime_error,
/// with the server's words, when it refuses or after a time that no healthy run needs.
class NatsClient {
 public:
  /// `urls`: one or several, separated by commas. It reconnects for as long as it lives.
  explicit NatsClient(const std::string& urls, const NatsLogin& login = {});
  NatsClient(const NatsClient&) = delete;
  NatsClient& operator=(const NatsClient&) = delete;
  ~NatsClient();

  void create_stream(const StreamOptions& options);
  void update_stream(const StreamOptions& options);
  void delete_stream(const std::string& name);
  void purge_stream(const std::string& name);
  /// Removes the messages up to this stream sequence, itself included.
  void purge_stream(const std::string& name, std::uint64_t last);
  /// Nothing where there is no such stream.
  std::optional<StreamState> stream(const std::string& name);
  /// The durable ones.
  std::vector<ConsumerState> consumers(const std::string& stream);
  void delete_consumer(const std::string& stream, const std::string& consumer);

  /// Publishes, and returns the stream's sequence once the message is stored.
  std::uint64_t publish(const std::string& subject, std::string_view payload,
                        const StoredMessage::Headers& headers = {});
  /// Removes one message.
  void delete_message(const std::string& stream, std::uint64_t sequence);

  /// All messages that the stream holds now.
  std::vector<StoredMessage> read_stream(const std::string& name);
  /// The same, one after the other, for streams that are large.
  void read_stream(const std::string& name, const std::function<void(const StoredMessage& message)>& visit);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace test
