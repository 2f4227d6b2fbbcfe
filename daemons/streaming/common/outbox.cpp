#include "common/outbox.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include <shmbus/bus.hpp>
#include <shmbus/error.hpp>
#include <shmbus/inspector.hpp>
#include <shmbus/scope.hpp>

namespace streaming {
namespace {

constexpr std::string_view outbox_tables = R"sql(
  CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY, result BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS published (id INTEGER PRIMARY KEY CHECK (id = 1), last_event TEXT NOT NULL);
)sql";

// How long another process may take for a publish that holds up readers, at most.
constexpr std::chrono::seconds publish_time{10};
constexpr std::chrono::milliseconds between_looks{1};
// A topic in which nothing comes for so long was read to its end.
constexpr std::chrono::milliseconds end_of_topic{100};

}  // namespace

std::uint64_t newest_sequence(const shmbus::Bus& bus, std::string_view topic) {
  const shmbus::BusSnapshot snapshot = shmbus::Inspector(bus.name()).snapshot();
  const auto found = std::find_if(snapshot.topics.begin(), snapshot.topics.end(),
                                  [&](const shmbus::TopicSnapshot& other) { return other.info.name == topic; });
  return found == snapshot.topics.end() ? 0 : found->published;
}

Outbox::Outbox(StateDatabase& state, shmbus::Bus& bus, std::string topic, Publish publish, Kept kept)
    : bus_(bus),
      topic_(std::move(topic)),
      publish_(std::move(publish)),
      kept_(std::move(kept)),
      load_(state.with(outbox_tables).prepare("SELECT id, result FROM outbox ORDER BY id")),
      add_(state.prepare("INSERT INTO outbox VALUES (?1, ?2)")),
      forget_(state.prepare("DELETE FROM outbox WHERE id <= ?1")),
      load_mark_(state.prepare("SELECT last_event FROM published")),
      save_mark_(state.prepare("INSERT OR REPLACE INTO published VALUES (1, ?1)")) {}

std::size_t Outbox::resume() {
  cause_ = nullptr;
  kept_cause_.reset();
  load();
  published_.clear();
  wait_until_kept(newest_sequence(bus_, topic_));
  std::size_t dropped = 0;
  if (!waiting_.empty()) {
    std::size_t published = 0;
    try {
      published = count_published();
    } catch (const shmbus::Error& error) {
      if (error.code() != shmbus::ErrorCode::stale_position) throw;
      published = dropped = waiting_.size();
    }
    if (published > 0) last_published_ = waiting_[published - 1].id;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(published));
  }
  committed_ = waiting_.size();
  const auto topic = bus_.find_topic(topic_);
  mark_ = {.bus = bus_.incarnation(), .topic = topic ? topic->id : 0, .sequence = newest_sequence(bus_, topic_)};
  forget_.run(last_published_);
  save_mark_.run(mark_.to_string());
  forgetting_ = last_published_;
  return dropped;
}

void Outbox::load() {
  waiting_.clear();
  load_.each<std::uint64_t, std::string>([&](std::uint64_t id, const std::string& result) {
    const Bytes bytes = std::as_bytes(std::span{result});
    waiting_.push_back({.id = id, .result = {bytes.begin(), bytes.end()}, .cause = nullptr});
    last_id_ = id;
  });
  if (const auto saved = load_mark_.row<std::string>())
    mark_ = shmbus::EventId::parse(std::get<0>(*saved)).value_or(shmbus::EventId{});
}

// How many of the waiting results, from the first, the topic holds behind the mark, or held there. Throws
// `stale_position` if the topic is not the one of the mark.
std::size_t Outbox::count_published() {
  // An earlier process may have died while it published, and the next one published behind that claim. No reader passes
  // it before it is repaired.
  bus_.reap();
  shmbus::Subscriber events = bus_.subscriber(topic_, {.start = shmbus::Start::after(mark_)});
  const auto deadline = std::chrono::steady_clock::now() + publish_time;
  std::size_t published = 0;
  const auto look_for = [&](const shmbus::Event& event) {
    const auto found =
        std::find_if(waiting_.begin() + static_cast<std::ptrdiff_t>(published), waiting_.end(),
                     [&](const Waiting& waiting) { return std::ranges::equal(waiting.result, event.payload()); });
    if (found != waiting_.end()) published = static_cast<std::size_t>(found - waiting_.begin()) + 1;
  };
  while (published < waiting_.size() && (events.poll(look_for) > 0 || events.wait(end_of_topic))) {
    if (std::chrono::steady_clock::now() < deadline) continue;
    throw std::runtime_error(fmt::format(
        "topic '{}': expected to read which results an earlier process published, found that others go on publishing "
        "there; start this service again when that has passed",
        topic_));
  }
  return published;
}

// What the predecessor published last may be in memory alone. On a disk that hangs, it stays at that.
void Outbox::wait_until_kept(std::uint64_t sequence) const {
  const auto deadline = std::chrono::steady_clock::now() + publish_time;
  while (sequence > 0 && !kept_(sequence) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(between_looks);
}

void Outbox::set_cause(const shmbus::Event& event) {
  cause_ = &event;
  kept_cause_.reset();
}

void Outbox::add(Bytes result) {
  if (!kept_cause_ && cause_ != nullptr) kept_cause_ = std::make_shared<shmbus::RetainedEvent>(cause_->retain());
  add_.run(last_id_ + 1, result);
  waiting_.push_back({.id = ++last_id_, .result = {result.begin(), result.end()}, .cause = kept_cause_});
}

void Outbox::forget() {
  const std::uint64_t before = forgetting_;
  while (!published_.empty() && kept_(published_.front().sequence)) {
    mark_.sequence = published_.front().sequence;
    forgetting_ = published_.front().id;
    published_.pop_front();
  }
  if (forgetting_ == before) return;
  forget_.run(forgetting_);
  save_mark_.run(mark_.to_string());
}

void Outbox::committed() {
  committed_ = waiting_.size();
  forgotten_ = forgetting_;
}

bool Outbox::publish() {
  while (committed_ > 0) {
    const Waiting& next = waiting_.front();
    std::optional<shmbus::Scope> scope;
    if (next.cause) scope.emplace(**next.cause);  // as if its handler still ran
    const shmbus::PublishResult result = publish_(next.result);
    if (!result) {
      refusal_ = result.status();
      return false;
    }
    published_.push_back({.id = next.id, .sequence = result.sequence()});
    last_published_ = next.id;
    scope.reset();
    waiting_.pop_front();
    --committed_;
  }
  return true;
}

}  // namespace streaming
