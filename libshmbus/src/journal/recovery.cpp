#include "journal/recovery.hpp"

#include <algorithm>
#include <deque>

#include "journal/file_names.hpp"
#include "journal/frame_scan.hpp"
#include "journal/records.hpp"

namespace shmbus::journal {

namespace {

/// One walk over a segment file up to `size`. Where frames follow what turns out to be an unsynced tail, they have been
/// counted, and the file must be walked once more up to `content.end`.
class ContentWalk {
 public:
  ContentWalk(const HeadContent& head, std::optional<std::uint64_t> bound, bool has_tail, FileContent& content)
      : head_(&head), bound_(bound), has_tail_(has_tail), content_(&content) {
    content.index.clear(head.greatest_before);
    content.next = std::max(head.first, head.preceding + 1);
  }

  /// Returns an errno value.
  int walk(StoredFile& file, std::uint64_t size) {
    FrameScan scan(file, head_->seed, kFileHeader, size);
    for (;;) {
      switch (scan.next()) {
        case FrameScan::Found::failed:
          return scan.error();
        case FrameScan::Found::end:
          finish(size);
          return 0;
        case FrameScan::Found::garbage:
          add_garbage(scan);
          break;
        case FrameScan::Found::damaged:
          if (is_beyond(scan.header())) return stop(size);
          add_damaged(scan);
          break;
        case FrameScan::Found::frame:
          if (is_beyond(scan.header())) return stop(size);
          if (scan.header().first < content_->next ||
              (scan.header().flags == kEventsFrame &&
               !records_are_valid(scan.body(), scan.header(), head_->description))) {
            add_damaged(scan);
          } else {
            add_frame(scan);
          }
          break;
      }
    }
  }

  bool counted_too_much() const noexcept { return counted_too_much_; }

 private:
  struct Suspect {
    Damage damage;
    bool open;  // its last number is not known yet
    std::uint64_t content_end;
  };

  /// Frames behind the last one that counts are of a file that was given up.
  bool is_beyond(const FrameHeader& header) const noexcept { return bound_ && header.first > *bound_; }

  void add_frame(const FrameScan& scan) {
    const FrameHeader& header = scan.header();
    name_up_to(header.first - 1);
    // What lies below an offset that was synced is damaged; the rest may still be a tail.
    while (!suspects_.empty() && (!has_tail_ || suspects_.front().damage.offset < header.synced)) confirm_front();
    if (!suspects_.empty()) frames_behind_suspects_ = true;
    content_->index.add(header, scan.offset());
    content_->end = scan.end();
    content_->next = header.first + header.numbers;
    ++content_->frames;
    content_->events += header.events;
    if (header.flags == kGapFrame) content_->gaps.push_back({header.first, header.last()});
    if (header.flags == kMissingFrame) content_->missing.push_back({header.first, header.last()});
    content_->clean = header.flags == kClosingFrame;
  }

  void add_damaged(const FrameScan& scan) {
    const FrameHeader& header = scan.header();
    name_up_to(header.first - 1);
    const std::uint64_t first = std::max(header.first, content_->next);
    const std::uint64_t last = std::max(header.first + header.numbers, content_->next) - 1;
    suspects_.push_back({{events_name(head_->first), scan.offset(), first, last}, false, scan.end()});
    content_->next = last + 1;
    content_->clean = false;
  }

  void add_garbage(const FrameScan& scan) {
    suspects_.push_back(
        {{events_name(head_->first), scan.offset(), content_->next, content_->next - 1}, true, scan.content_end()});
    content_->clean = false;
  }

  /// Bytes whose numbers are not known held those up to `last`.
  void name_up_to(std::uint64_t last) noexcept {
    if (suspects_.empty() || !suspects_.back().open) return;
    Suspect& suspect = suspects_.back();
    suspect.open = false;
    suspect.damage.first = content_->next;
    suspect.damage.last = std::max(last, content_->next - 1);
    content_->next = suspect.damage.last + 1;
  }

  void confirm_front() {
    content_->damage.push_back(std::move(suspects_.front().damage));
    suspects_.pop_front();
  }

  /// At the file's end.
  void finish(std::uint64_t size) {
    if (!has_tail_) {
      if (bound_) name_up_to(*bound_);
      // Without a bound they lie below an end that was found before: all are damage.
      while (!suspects_.empty()) {
        const Suspect& suspect = suspects_.front();
        const bool is_room = suspect.damage.numbers() == 0 && suspect.content_end == suspect.damage.offset &&
                             suspects_.size() == 1 && suspect.damage.offset >= content_->end;
        if (is_room) break;  // zeros behind the last frame: room that was never used
        confirm_front();
      }
      suspects_.clear();
      if (bound_ && content_->next <= *bound_) {
        content_->damage.push_back({events_name(head_->first), content_->end, content_->next, *bound_});
        content_->next = *bound_ + 1;
      }
      return;
    }
    if (suspects_.empty()) {
      content_->clean = content_->clean && content_->end == size;
      return;
    }
    const std::uint64_t tail = suspects_.front().damage.offset;
    content_->tail_bytes = std::max(content_->end, suspects_.back().content_end);
    content_->tail_bytes = content_->tail_bytes > tail ? content_->tail_bytes - tail : 0;
    counted_too_much_ = frames_behind_suspects_;
    content_->end = tail;
    content_->next = std::max({content_->index.last() + 1, head_->preceding + 1, head_->first});
    for (const Damage& damage : content_->damage) content_->next = std::max(content_->next, damage.last + 1);
    content_->clean = false;
  }

  int stop(std::uint64_t size) {
    finish(size);
    return 0;
  }

  const HeadContent* head_;
  std::optional<std::uint64_t> bound_;
  bool has_tail_;
  FileContent* content_;
  std::deque<Suspect> suspects_;  // in the order of the file
  bool frames_behind_suspects_ = false;
  bool counted_too_much_ = false;
};

}  // namespace

int read_content(StoredFile& file, const HeadContent& head, std::optional<std::uint64_t> preceding_of_next,
                 std::uint64_t index_spacing, FileContent& content) {
  std::uint64_t size = 0;
  if (const int error = file.size(size)) return error;
  content = {};
  content.index = EventIndex(index_spacing);
  ContentWalk walk(head, preceding_of_next, !preceding_of_next.has_value(), content);
  if (const int error = walk.walk(file, size)) return error;
  if (!walk.counted_too_much()) return 0;
  const std::uint64_t end = content.end;
  const std::uint64_t tail_bytes = content.tail_bytes;
  content = {};
  content.index = EventIndex(index_spacing);
  ContentWalk again(head, std::nullopt, false, content);
  if (const int error = again.walk(file, end)) return error;
  content.end = end;
  content.tail_bytes = tail_bytes;
  content.clean = false;
  return 0;
}

}  // namespace shmbus::journal
