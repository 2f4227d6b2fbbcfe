#include "topic/option_differences.hpp"

#include <bit>
#include <string>
#include <utility>

#include "layout/constants.hpp"
#include "layout/segment_checks.hpp"
#include "platform/segment_file.hpp"
#include "shmbus/error.hpp"

namespace shmbus::topic {

namespace {

std::string yes_or_no(bool value) { return value ? "true" : "false"; }
std::string writers_text(Writers writers) { return writers == Writers::exclusive ? "exclusive" : "shared"; }

std::string journal_text(const Journal& journal) {
  switch (journal.kind()) {
    case Journal::Kind::none:
      return "none";
    case Journal::Kind::page_cache:
      return "page_cache";
    case Journal::Kind::batch:
      return "batch";
    case Journal::Kind::interval:
      break;
  }
  return "interval of " + std::to_string(journal.period().count()) + " ns";
}

class Comparison {
 public:
  explicit Comparison(bool strict) : strict_(strict) {}

  /// Compares one option: the requested value, the default, and the topic's value.
  template <class T, class Text>
  void add(const char* name, const T& asked, const T& standard, const T& found, Text text) {
    if (asked == found || (asked == standard && !strict_)) return;
    different_.push_back({name, text(asked), text(found)});
  }
  std::vector<DifferentOption> take() { return std::move(different_); }

 private:
  bool strict_;
  std::vector<DifferentOption> different_;
};

}  // namespace

std::vector<DifferentOption> option_differences(const base::TopicName& topic, const TopicOptions& asked,
                                                const TopicInfo& found, gid_t group) {
  static const TopicOptions standard;
  const auto number = [](std::size_t n) { return std::to_string(n); };
  Comparison compare(asked.strict);
  compare.add("block_size", asked.block_size, standard.block_size, found.block_size, number);
  const bool can_round = asked.blocks <= layout::kMaxBlocks;
  compare.add("blocks", can_round ? std::bit_ceil(asked.blocks) : asked.blocks, standard.blocks, found.blocks, number);
  compare.add("reserve", asked.reserve, standard.reserve, found.reserved, yes_or_no);
  compare.add("timestamps", asked.timestamps, standard.timestamps, found.timestamps, yes_or_no);
  compare.add("writers", asked.writers, standard.writers, found.writers, writers_text);
  compare.add("mode", asked.mode, standard.mode, found.mode, layout::octal);
  compare.add("accept_raw", asked.accept_raw, standard.accept_raw, found.accepts_raw, yes_or_no);
  compare.add("journal", asked.journal, standard.journal, found.journal, journal_text);
  if (found.journal.kind() != Journal::Kind::none) {  // otherwise they mean nothing
    const auto time = [](std::chrono::nanoseconds t) { return std::to_string(t.count()) + " ns"; };
    compare.add("retain.bytes", asked.retain.bytes, standard.retain.bytes, found.retain.bytes, number);
    compare.add("retain.age", asked.retain.age, standard.retain.age, found.retain.age, time);
    compare.add("retain.acknowledged", asked.retain.acknowledged, standard.retain.acknowledged,
                found.retain.acknowledged, yes_or_no);
    compare.add("when_behind", asked.when_behind, standard.when_behind, found.when_behind,
                [](WhenBehind w) { return w == WhenBehind::skip ? "skip" : "hold"; });
    compare.add("unrecorded_limit", asked.unrecorded_limit, standard.unrecorded_limit, found.unrecorded_limit, time);
    compare.add("segment_file", asked.segment_file, standard.segment_file, found.segment_file, number);
  }
  if (!asked.group.empty()) {
    const gid_t id = platform::group_id(asked.group, topic.object() + ", option group");
    if (id != group)
      compare.add("group", asked.group, std::string{}, std::to_string(group), [](const auto& g) { return g; });
  }
  return compare.take();
}

void check_strict(const base::TopicName& topic, const TopicOptions& asked, const TopicInfo& found) {
  if (!asked.strict || found.different.empty()) return;
  std::string wanted, had;
  for (const DifferentOption& option : found.different) {
    wanted += (wanted.empty() ? "" : ", ") + option.name + " " + option.asked;
    had += (had.empty() ? "" : ", ") + option.name + " " + option.found;
  }
  throw Error(ErrorCode::invalid_option, {topic.object() + ", which exists", wanted, had,
                                          "request what it has, leave `strict` out, or remove the topic"});
}

}  // namespace shmbus::topic
