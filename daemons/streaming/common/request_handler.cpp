#include "common/request_handler.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iterator>

#include <fmt/format.h>

namespace streaming {
namespace {

// A viewer's answer must not wait for another program that attached as a reliable subscriber and does not read.
constexpr std::chrono::milliseconds patience{100};

// What a player needs to begin.
void write_answer(const WatchStarted& watch, std::string& answer) {
  answer.clear();
  fmt::format_to(std::back_inserter(answer), R"({{"video":{},"stream":"/videos/{}/{}.m3u8","viewer":{}}})", watch.video,
                 watch.video % 100, watch.video, watch.user);
}

}  // namespace

shmbus::TopicOptions retaining(std::uint64_t watches) {
  constexpr std::uint64_t record_header = 24;
  constexpr std::uint64_t largest_ring = 65'536;  // blocks
  shmbus::TopicOptions options;
  const std::uint64_t watches_a_block =
      (options.block_size - 2 * record_header) / (record_header + sizeof(WatchStarted));
  // One more, since the block that is being written need not be full.
  options.blocks = static_cast<std::size_t>(std::clamp<std::uint64_t>(watches / watches_a_block + 2, 16, largest_ring));
  return options;
}

RequestHandler::RequestHandler(WatchReader& requests, shmbus::TypedPublisher<WatchStarted> publisher)
    : requests_(requests), publisher_(std::move(publisher)) {}

bool RequestHandler::handle_next() {
  using Clock = std::chrono::steady_clock;
  if (!requests_.next()) return false;

  const Clock::time_point arrived = Clock::now();
  const std::optional<WatchStarted> watch = requests_.parse();
  if (!watch) return true;
  const shmbus::PublishResult result = publisher_.publish_for(patience, *watch);
  write_answer(*watch, answer_);
  const Clock::time_point answered = Clock::now();

  if (result) {
    ++published_;
    hash_.add(result.sequence(), *watch);
    times_.add(result.sequence(), answered - arrived);
    return true;
  }
  if (unpublished_++ == 0)
    fmt::print(stderr, "video-service: a watch was answered but not published: {}\n",
               shmbus::to_string(result.status()));
  return result.status() != shmbus::Status::closed && result.status() != shmbus::Status::corrupt;
}

bool RequestHandler::pass_over(std::uint64_t sequence, const WatchStarted& published) {
  std::optional<WatchStarted> watch;
  while (!watch) {
    if (!requests_.next()) return false;
    watch = requests_.parse();
  }
  if (std::memcmp(&*watch, &published, sizeof published) != 0) return false;
  ++published_;
  hash_.add(sequence, published);
  return true;
}

void RequestHandler::describe(Report& report) const {
  report.add("published", published_);
  report.add_hash(hash_);
  report.add("malformed rows", requests_.malformed());
  if (unpublished_ > 0) report.add("unpublished", unpublished_);
  report.add("median answer in ns", times_.quantile(0.5));
  report.note("p99_ns", times_.quantile(0.99));
  report.note("slowest_ns", times_.quantile(1));
}

}  // namespace streaming
