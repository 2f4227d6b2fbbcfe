#include "state_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace shmbus::bridge {
namespace {

using Word = std::atomic<std::uint64_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8);

constexpr std::uint64_t magic = 0x3153'5441'4e42'4d53;  // "SMBNATS1" in memory
constexpr std::size_t position_count = 8192;             // twice the topics that a bus may have
constexpr std::size_t source_count = 65'536;
constexpr std::size_t rule_count = 256;

constexpr auto relaxed = std::memory_order_relaxed;
constexpr auto release = std::memory_order_release;  // only the compiler could reorder: the reader comes after the writer died

std::size_t slot_of(std::uint64_t id, std::size_t count) {
  return static_cast<std::size_t>((id * 0x9e37'79b9'7f4a'7c15u) >> 32) % count;
}

/// The slot that holds a key, or the first free one on the way; where there is neither, the key's own slot.
template <class Slot, std::size_t count, class Holds>
Slot& find_slot(Slot (&slots)[count], std::uint64_t key, Holds holds) {
  const std::size_t home = slot_of(key, count);
  for (std::size_t i = 0; i < count; ++i) {
    Slot& slot = slots[(home + i) % count];
    if (slot.topic.load(relaxed) == 0 || holds(slot)) return slot;
  }
  return slots[home];
}

/// Closes it, unless it is released.
struct Descriptor {
  int number;
  explicit Descriptor(int opened) noexcept : number(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  int release() noexcept { return std::exchange(number, -1); }
};

[[noreturn]] void refuse(const std::string& path, const char* what, int error) {
  throw std::runtime_error(fmt::format("{}: {}: {}", path, what, std::generic_category().message(error)));
}

}  // namespace

struct StateFile::Layout {
  struct Position {
    Word topic, sequence;
  };
  struct Plan {
    Word place;  // stored last; 0 while the others change
    Word topic, sequence;
  };
  struct Source {
    Word topic;  // stored last
    Word bus, sequence;
  };
  struct Origin {
    char name[40];
    Word used;  // stored last
    Word created;
    Word taken;
    Word taken_time;  // 0 while `taken` changes
    Word pending;  // message; stored last; 0: nothing is pending
    Word topic, sequence, source_bus, source_topic, source_sequence, time;
  };

  Word magic, incarnation, stream_created;
  Word rules[rule_count];
  Position positions[position_count];
  Plan plans[plan_size];
  Origin origins[origin_count];
  Source sources[source_count];
};

std::optional<StateFile> StateFile::open(const std::string& bus, const std::string& bridge) {
  const std::string path = fmt::format("/dev/shm/shmbus-nats.{}.{}", bus, bridge);
  for (;;) {
    Descriptor descriptor{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (descriptor.number < 0) refuse(path, "the bridge's state can't be opened", errno);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    if (::fcntl(descriptor.number, F_OFD_SETLK, &lock) != 0) {
      if (errno == EAGAIN || errno == EACCES) return std::nullopt;
      refuse(path, "the bridge's state can't be locked", errno);
    }
    struct stat opened {}, named {};
    if (::fstat(descriptor.number, &opened) != 0 || ::stat(path.c_str(), &named) != 0 || opened.st_ino != named.st_ino)
      continue;  // another process removed it meanwhile
    if (opened.st_uid != ::geteuid())
      throw std::runtime_error(fmt::format("{}: expected a file of this user, found one of user {}; remove it if no bridge of that "
                                           "user runs", path, opened.st_uid));
    // With its memory, so that no store into it can fail.
    if (const int error = ::posix_fallocate(descriptor.number, 0, sizeof(Layout)); error != 0)
      refuse(path, "the bridge's state takes 3.3 MiB of /dev/shm, which can't be had", error);
    void* memory = ::mmap(nullptr, sizeof(Layout), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, 0);
    if (memory == MAP_FAILED) refuse(path, "the bridge's state can't be mapped", errno);
    StateFile state(path, descriptor.release(), static_cast<Layout*>(memory));
    const std::uint64_t found = state.layout_->magic.load(relaxed);
    if (found != magic && found != 0)
      throw std::runtime_error(fmt::format("{}: expected the state of a bridge of this version, found another file; remove it: "
                                           "positions are then taken from the stream", path));
    state.layout_->magic.store(magic, release);
    return state;
  }
}

StateFile::StateFile(std::string path, int descriptor, Layout* layout) noexcept
    : path_(std::move(path)), descriptor_(descriptor), layout_(layout) {}

StateFile::StateFile(StateFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      layout_(std::exchange(other.layout_, nullptr)) {}

StateFile::~StateFile() {
  if (layout_ == nullptr) return;
  ::munmap(layout_, sizeof(Layout));
  ::close(descriptor_);  // ends the lock
}

void StateFile::remove() noexcept { ::unlink(path_.c_str()); }

void StateFile::adopt_bus(std::uint64_t incarnation, const std::vector<std::uint64_t>& live_topics) {
  const bool same = layout_->incarnation.load(relaxed) == incarnation;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> kept;
  for (Layout::Position& position : layout_->positions) {
    const std::uint64_t topic = position.topic.load(relaxed);
    if (topic == 0) continue;
    if (same && std::find(live_topics.begin(), live_topics.end(), topic) != live_topics.end())
      kept.emplace_back(topic, position.sequence.load(relaxed));
    else
      position.sequence.store(0, release);
  }
  // Positions are hints beside what the stream says, so a kill in the midst of this loses nothing.
  for (Layout::Position& position : layout_->positions) {
    if (position.topic.load(relaxed) == 0) continue;
    position.sequence.store(0, release);
    position.topic.store(0, release);
  }
  for (const auto& [topic, sequence] : kept) set_position(topic, sequence);
  if (same) return;
  for (Word& rule : layout_->rules) rule.store(0, release);
  for (Layout::Origin& origin : layout_->origins) origin.pending.store(0, release);  // its event is gone with the old bus
  layout_->incarnation.store(incarnation, release);
}

std::uint64_t StateFile::position(std::uint64_t topic) const noexcept {
  const Layout::Position& slot = find_slot(layout_->positions, topic, [&](const Layout::Position& p) { return p.topic.load(relaxed) == topic; });
  return slot.topic.load(relaxed) == topic ? slot.sequence.load(relaxed) : 0;
}

void StateFile::set_position(std::uint64_t topic, std::uint64_t sequence) noexcept {
  Layout::Position& slot = find_slot(layout_->positions, topic, [&](const Layout::Position& p) { return p.topic.load(relaxed) == topic; });
  if (slot.topic.load(relaxed) != topic) {
    slot.sequence.store(0, release);
    slot.topic.store(topic, release);
  }
  slot.sequence.store(sequence, release);
}

bool StateFile::has_positions() const noexcept {
  return std::any_of(std::begin(layout_->positions), std::end(layout_->positions),
                     [](const Layout::Position& position) { return position.topic.load(relaxed) != 0; });
}

bool StateFile::knows_rule(std::uint64_t rule) const noexcept {
  return std::any_of(std::begin(layout_->rules), std::end(layout_->rules),
                     [&](const Word& known) { return known.load(relaxed) == rule; });
}

bool StateFile::first_rules() const noexcept { return layout_->rules[0].load(relaxed) == 0; }

void StateFile::know_rule(std::uint64_t rule) noexcept {
  for (Word& known : layout_->rules) {
    if (known.load(relaxed) == rule) return;
    if (known.load(relaxed) != 0) continue;
    known.store(rule, release);
    return;
  }
}

void StateFile::plan(std::uint64_t place, std::uint64_t topic, std::uint64_t sequence) noexcept {
  end_plan(place + 1);
  Layout::Plan& plan = layout_->plans[place % plan_size];
  plan.place.store(0, release);
  plan.topic.store(topic, release);
  plan.sequence.store(sequence, release);
  plan.place.store(place, release);
}

void StateFile::end_plan(std::uint64_t place) noexcept { layout_->plans[place % plan_size].place.store(0, release); }

std::optional<StateFile::Planned> StateFile::planned(std::uint64_t place) const noexcept {
  const Layout::Plan& plan = layout_->plans[place % plan_size];
  if (plan.place.load(relaxed) != place) return std::nullopt;
  return Planned{plan.topic.load(relaxed), plan.sequence.load(relaxed)};
}

void StateFile::adopt_stream(std::int64_t created) noexcept {
  if (layout_->stream_created.load(relaxed) == static_cast<std::uint64_t>(created)) return;
  for (Layout::Plan& plan : layout_->plans)
    if (plan.place.load(relaxed) != 0) plan.place.store(0, release);
  layout_->stream_created.store(static_cast<std::uint64_t>(created), release);
}

std::size_t StateFile::origin(const std::string& name) {
  for (std::size_t i = 0; i < origin_count; ++i) {
    Layout::Origin& origin = layout_->origins[i];
    if (origin.used.load(relaxed) != 0) {
      if (name == std::string_view{origin.name, ::strnlen(origin.name, sizeof origin.name)}) return i;
      continue;
    }
    std::strncpy(origin.name, name.c_str(), sizeof origin.name - 1);
    origin.used.store(1, release);
    return i;
  }
  throw std::runtime_error(fmt::format("{}: {} origins are known, there is no room for {}; remove the file while no bridge "
                                       "runs, to forget those that are gone", path_, origin_count, name));
}

std::int64_t StateFile::origin_stream(std::size_t origin) const noexcept {
  return static_cast<std::int64_t>(layout_->origins[origin].created.load(relaxed));
}

void StateFile::begin_origin(std::size_t index, std::int64_t created, std::uint64_t taken) noexcept {
  Layout::Origin& origin = layout_->origins[index];
  origin.created.store(0, release);
  origin.pending.store(0, release);
  origin.taken_time.store(0, release);
  origin.taken.store(taken, release);
  origin.created.store(static_cast<std::uint64_t>(created), release);
}

std::int64_t StateFile::taken_time(std::size_t origin) const noexcept {
  return static_cast<std::int64_t>(layout_->origins[origin].taken_time.load(relaxed));
}

std::uint64_t StateFile::taken(std::size_t origin) const noexcept { return layout_->origins[origin].taken.load(relaxed); }

void StateFile::begin(std::size_t index, const Pending& pending) noexcept {
  Layout::Origin& origin = layout_->origins[index];
  origin.topic.store(pending.topic, release);
  origin.sequence.store(pending.sequence, release);
  origin.source_bus.store(pending.source.bus, release);
  origin.source_topic.store(pending.source.topic, release);
  origin.source_sequence.store(pending.source.sequence, release);
  origin.time.store(static_cast<std::uint64_t>(pending.time), release);
  origin.pending.store(pending.message, release);
}

std::optional<StateFile::Pending> StateFile::pending(std::size_t index) const noexcept {
  const Layout::Origin& origin = layout_->origins[index];
  const std::uint64_t message = origin.pending.load(relaxed);
  if (message == 0 || message <= origin.taken.load(relaxed)) return std::nullopt;
  return Pending{message,
                 origin.topic.load(relaxed),
                 origin.sequence.load(relaxed),
                 {origin.source_bus.load(relaxed), origin.source_topic.load(relaxed), origin.source_sequence.load(relaxed)},
                 static_cast<std::int64_t>(origin.time.load(relaxed))};
}

void StateFile::finish(std::size_t index, std::uint64_t message, std::int64_t time, const EventId* source) noexcept {
  Layout::Origin& origin = layout_->origins[index];
  if (source != nullptr) set_source(*source);
  origin.taken_time.store(0, release);  // not known, should the process die here
  origin.taken.store(message, release);
  origin.taken_time.store(static_cast<std::uint64_t>(time), release);
  origin.pending.store(0, release);
}

void StateFile::drop_pending(std::size_t origin) noexcept { layout_->origins[origin].pending.store(0, release); }

std::uint64_t StateFile::source_sequence(const EventId& topic) const noexcept {
  const auto holds = [&](const Layout::Source& s) { return s.topic.load(relaxed) == topic.topic && s.bus.load(relaxed) == topic.bus; };
  const Layout::Source& slot = find_slot(layout_->sources, topic.topic, holds);
  return holds(slot) ? slot.sequence.load(relaxed) : 0;
}

void StateFile::set_source(const EventId& source) noexcept {
  const auto holds = [&](const Layout::Source& s) { return s.topic.load(relaxed) == source.topic && s.bus.load(relaxed) == source.bus; };
  Layout::Source& slot = find_slot(layout_->sources, source.topic, holds);
  if (!holds(slot)) {
    slot.sequence.store(0, release);
    slot.bus.store(source.bus, release);
    slot.topic.store(source.topic, release);
  }
  slot.sequence.store(source.sequence, release);
}

}  // namespace shmbus::bridge
