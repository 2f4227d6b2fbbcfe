#pragma once

#include <hiredis/hiredis.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace peers {

struct RedisDeleter {
  void operator()(redisReply* reply) const noexcept { ::freeReplyObject(reply); }
  void operator()(redisContext* context) const noexcept { ::redisFree(context); }
};

using RedisReply = std::unique_ptr<redisReply, RedisDeleter>;

/// A connection to a Redis server, over its Unix socket.
class RedisConnection {
 public:
  /// Throws std::runtime_error where no server answers.
  explicit RedisConnection(const std::string& socket);

  /// Puts a command into the pipeline; nothing is sent before a reply is asked for.
  void append(std::span<const std::string_view> words);
  /// The reply to the oldest command that has none yet. Throws std::runtime_error if it is an error.
  RedisReply reply();

 private:
  std::unique_ptr<redisContext, RedisDeleter> context_;
};

}  // namespace peers
