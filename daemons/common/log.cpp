#include "log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace shmbus::daemon {
namespace {

/// Whether standard error is the journal. JOURNAL_STREAM names its socket; after a redirection the file is another one.
bool to_journal() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat file {};
  return stream != nullptr && ::fstat(STDERR_FILENO, &file) == 0 &&
         fmt::format("{}:{}", file.st_dev, file.st_ino) == stream;
}

/// The level as syslog numbers it.
class SyslogLevel : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
    static constexpr auto number = [](spdlog::level::level_enum level) {
      switch (level) {
        case spdlog::level::trace:
        case spdlog::level::debug:
          return '7';
        case spdlog::level::info:
          return '6';
        case spdlog::level::warn:
          return '4';
        case spdlog::level::err:
          return '3';
        default:
          return '2';
      }
    };
    to.push_back(number(message.level));
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<SyslogLevel>(); }
};

}  // namespace

void start_log(const std::string& program) {
  auto logger = std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  if (to_journal()) {
    formatter->add_flag<SyslogLevel>('*').set_pattern("<%*>%v");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l: %v");
  }
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
}

void set_log_level(spdlog::level::level_enum level) { spdlog::set_level(level); }

}  // namespace shmbus::daemon
