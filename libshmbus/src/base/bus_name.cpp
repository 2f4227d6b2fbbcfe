#include "base/bus_name.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/name_rules.hpp"
#include "base/quoted.hpp"

namespace shmbus::base {

namespace {

constexpr std::string_view kRegistry = "registry", kControlSuffix = ".ctl", kLogMark = ".log.";
// Behind a topic's name, as all marks, so that no file's name means two kinds: a name that ends with a topic's id ends
// neither with ".ctl" nor with ".durable".
constexpr std::string_view kCursorMark = ".cursor.", kGroupMark = ".group.", kDurableSuffix = ".durable";

}  // namespace

SegmentFileParts SegmentFileParts::of(std::string_view file) noexcept {
  if (!file.starts_with(kPrefix)) return {};
  file.remove_prefix(kPrefix.size());
  const std::size_t dot = file.find('.');
  return {file.substr(0, dot), dot == std::string_view::npos ? std::string_view{} : file.substr(dot + 1)};
}

bool SegmentFileParts::is_registry() const noexcept { return !bus.empty() && rest == kRegistry; }

BusName::BusName(std::string_view text) : text_(text) {
  check_name_length("bus name", text, kMaxBusName);
  const auto bad = std::find_if_not(text.begin(), text.end(), is_name_character);
  if (bad != text.end()) {
    refuse_name("bus name", text, "characters of " + std::string(kNameCharacters), quoted(std::string_view(&*bad, 1)),
                "use letters, digits, '_' and '-' only");
  }
}

std::optional<BusName> BusName::parse(std::string_view text) {
  const bool valid = is_token(text) && text.size() <= kMaxBusName;
  return valid ? std::optional(BusName(text, Valid{})) : std::nullopt;
}

std::string BusName::object() const { return "bus '" + text_ + "'"; }

std::string BusName::file_prefix() const { return std::string(SegmentFileParts::kPrefix).append(text_).append("."); }

std::string BusName::registry_file() const { return file_prefix().append(kRegistry); }

std::string BusName::control_file(const TopicName& topic) const {
  return file_prefix().append(topic.text()).append(kControlSuffix);
}

std::string BusName::log_file(const TopicName& topic, std::uint64_t node, std::uint64_t id) const {
  char numbers[48];
  std::snprintf(numbers, sizeof numbers, "%llu.%016llx", static_cast<unsigned long long>(node),
                static_cast<unsigned long long>(id));
  return file_prefix().append(topic.text()).append(kLogMark).append(numbers);
}

std::string BusName::removed_prefix() const { return file_prefix() + "~"; }  // a topic's name never contains '~'

std::string BusName::removed_file(std::uint64_t random) const { return removed_prefix() + std::to_string(random); }

std::string BusName::recorder_prefix() const { return file_prefix() + "calls."; }
std::string BusName::recorder_file(const RecorderName& recorder) const {
  return recorder_prefix() + std::to_string(recorder.node) + '.' + std::to_string(recorder.subscription);
}

std::string BusName::durable_file(const DurableName& durable) const {
  return file_prefix().append(durable.text()).append(kDurableSuffix);
}

std::string BusName::cursor_prefix(const TopicName& topic) const {
  return file_prefix().append(topic.text()).append(kCursorMark);
}

std::string BusName::group_prefix(const TopicName& topic) const {
  return file_prefix().append(topic.text()).append(kGroupMark);
}

namespace {

std::string dot_id(std::uint64_t id) {
  char text[24];
  std::snprintf(text, sizeof text, ".%016llx", static_cast<unsigned long long>(id));
  return text;
}

}  // namespace

std::string BusName::cursor_file(const CursorName& cursor) const {
  return cursor_prefix(cursor.topic).append(cursor.durable.text()).append(dot_id(cursor.id));
}

std::string BusName::group_file(const GroupFileName& group) const {
  return group_prefix(group.topic).append(group.group.text()).append(dot_id(group.id));
}

std::optional<TopicName> BusName::topic_of_control_file(std::string_view file) const {
  const std::string prefix = file_prefix();
  if (file.size() < prefix.size() + kControlSuffix.size() || !file.starts_with(prefix) ||
      !file.ends_with(kControlSuffix))
    return std::nullopt;
  return TopicName::parse(file.substr(prefix.size(), file.size() - prefix.size() - kControlSuffix.size()));
}

namespace {

/// Parses `<node>.<id>`, the node in decimal. Returns false for any other text.
bool parse_ids(std::string_view text, std::uint64_t& node, std::uint64_t& id, int id_base) noexcept {
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, node);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '.') return false;
  const auto second = std::from_chars(first.ptr + 1, end, id, id_base);
  return second.ec == std::errc{} && second.ptr == end;
}

}  // namespace

std::optional<LogFile> BusName::parse_log_file(std::string_view file) const {
  const std::string prefix = file_prefix();
  const std::size_t mark = file.rfind(kLogMark);
  if (!file.starts_with(prefix) || mark == std::string_view::npos || mark < prefix.size()) return std::nullopt;
  LogFile log;
  log.topic = TopicName::parse(file.substr(prefix.size(), mark - prefix.size()));
  if (!parse_ids(file.substr(mark + kLogMark.size()), log.node, log.id, 16)) return std::nullopt;
  return log;
}

std::optional<RecorderName> BusName::parse_recorder_name(std::string_view file) const {
  const std::string prefix = recorder_prefix();
  if (!file.starts_with(prefix)) return std::nullopt;
  RecorderName recorder;
  if (!parse_ids(file.substr(prefix.size()), recorder.node, recorder.subscription, 10)) return std::nullopt;
  return recorder;
}

std::optional<DurableName> BusName::durable_of_file(std::string_view file) const {
  const std::string prefix = file_prefix();
  if (file.size() < prefix.size() + kDurableSuffix.size() || !file.starts_with(prefix) ||
      !file.ends_with(kDurableSuffix))
    return std::nullopt;
  return DurableName::parse(file.substr(prefix.size(), file.size() - prefix.size() - kDurableSuffix.size()));
}

namespace {

/// `<topic><mark><name>.<id>`, the id in 16 digits. From the end: the id and the name hold no dot, the topic's name may
/// hold any number of them.
struct MarkedName {
  TopicName topic;
  std::string_view name;
  std::uint64_t id;
};
std::optional<MarkedName> parse_marked(std::string_view text, std::string_view mark) {
  constexpr std::size_t kIdDigits = 16;
  const std::size_t id_dot = text.rfind('.');
  if (id_dot == std::string_view::npos || text.size() - id_dot - 1 != kIdDigits) return std::nullopt;
  const std::string_view digits = text.substr(id_dot + 1);
  std::uint64_t id = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), id, 16);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size()) return std::nullopt;
  text = text.substr(0, id_dot);
  const std::size_t name_dot = text.rfind('.');
  if (name_dot == std::string_view::npos) return std::nullopt;
  const std::string_view marked = text.substr(0, name_dot + 1);
  if (!marked.ends_with(mark)) return std::nullopt;
  auto topic = TopicName::parse(marked.substr(0, marked.size() - mark.size()));
  if (!topic) return std::nullopt;
  return MarkedName{std::move(*topic), text.substr(name_dot + 1), id};
}

}  // namespace

std::optional<CursorName> BusName::parse_cursor_file(std::string_view file) const {
  const std::string prefix = file_prefix();
  if (!file.starts_with(prefix)) return std::nullopt;
  const auto parts = parse_marked(file.substr(prefix.size()), kCursorMark);
  auto durable = parts ? DurableName::parse(parts->name) : std::nullopt;
  if (!durable) return std::nullopt;
  CursorName cursor{parts->topic, std::move(*durable), parts->id};
  return cursor_file(cursor) == file ? std::optional(std::move(cursor)) : std::nullopt;
}

std::optional<GroupFileName> BusName::parse_group_file(std::string_view file) const {
  const std::string prefix = file_prefix();
  if (!file.starts_with(prefix)) return std::nullopt;
  const auto parts = parse_marked(file.substr(prefix.size()), kGroupMark);
  auto group = parts ? GroupName::parse(parts->name) : std::nullopt;
  if (!group) return std::nullopt;
  GroupFileName name{parts->topic, std::move(*group), parts->id};
  return group_file(name) == file ? std::optional(std::move(name)) : std::nullopt;
}

}  // namespace shmbus::base
