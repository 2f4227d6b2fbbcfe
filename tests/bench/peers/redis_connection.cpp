#include "redis_connection.hpp"

#include <stdexcept>
#include <vector>

namespace peers {

RedisConnection::RedisConnection(const std::string& socket) : context_(::redisConnectUnix(socket.c_str())) {
  if (!context_) throw std::runtime_error("no memory for a connection");
  if (context_->err != 0) throw std::runtime_error(socket + ": " + context_->errstr);
}

void RedisConnection::append(std::span<const std::string_view> words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  if (::redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(), sizes.data()) !=
      REDIS_OK) {
    throw std::runtime_error(context_->errstr);
  }
}

RedisReply RedisConnection::reply() {
  void* raw = nullptr;
  if (::redisGetReply(context_.get(), &raw) != REDIS_OK) throw std::runtime_error(context_->errstr);
  RedisReply reply(static_cast<redisReply*>(raw));
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error(reply->str);
  return reply;
}

}  // namespace peers
