#include "log/claims.hpp"

#include <array>

#include "log/ports.hpp"

namespace shmbus::log {

using layout::ClaimWord;
using layout::RecordHeader;

std::optional<ShownClaim> read_claim(const BlockLog& log, unsigned number) noexcept {
  const auto& port = log.publisher(number);
  ShownClaim claim;
  claim.port = number;
  constexpr int kTries = 8;
  for (int i = 0; i < kTries; ++i) {
    claim.owner = port.owner.load(std::memory_order_acquire);
    claim.where = port.words.where.load(std::memory_order_acquire);  // SYNC claim
    if (claim.where == kNone) return std::nullopt;
    claim.what = ClaimWord(port.words.what.load(std::memory_order_acquire));
    if (port.words.where.load(std::memory_order_acquire) != claim.where || !claim.what.belongs_to(claim.where))
      return std::nullopt;
    if (port.owner.load(std::memory_order_acquire) == claim.owner) return claim;
    // The port was marked for repair in the meantime, or has another tenant. Leaving a claim out would attribute its
    // record to a larger claim.
  }
  // Many repairers mark and unmark the port. The claim is there all the same. Whichever owner is assumed, only a check
  // or a mark follows.
  return claim;
}

namespace {

struct Claims {
  std::array<ShownClaim, layout::kMaxPublishers> shown;
  std::size_t count = 0;
};

Claims all_claims(const BlockLog& log) noexcept {
  Claims claims;
  for_each_port(log.header().publishers.load(std::memory_order_seq_cst), [&](unsigned i) {
    if (const auto claim = read_claim(log, i)) claims.shown[claims.count++] = *claim;
  });
  return claims;
}

/// The place may lie inside a payload that its owner is just writing, not atomically; a payload never equals a key.
/// This race is intended, so ThreadSanitizer must not report it.
__attribute__((no_sanitize("thread"))) std::uint64_t load_inside_payload(
    const std::atomic<std::uint64_t>& word) noexcept {
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(&word), __ATOMIC_ACQUIRE);
}

}  // namespace

std::optional<Rest> rest_of(const layout::TailFormat& format, const ShownClaim& claim, std::uint64_t here) noexcept {
  if (format.block(here) != format.block(claim.where)) return std::nullopt;
  // Where `here` lies before the claim, these are larger than all that a claim covers.
  const std::size_t bytes = format.offset(here) - format.offset(claim.where);
  const std::uint64_t events = format.count(here) - format.count(claim.where);
  const unsigned all = claim.what.events();
  if ((bytes == 0) != (events == 0) || bytes >= claim.what.stride() || (events != 0 && events >= all))
    return std::nullopt;
  const Rest rest{claim.what.stride() - bytes, all - static_cast<unsigned>(events)};
  if (rest.stride < layout::kMinRecord || rest.stride / layout::kMinRecord < rest.events) return std::nullopt;
  return rest;
}

std::optional<Rest> finished_record(const BlockLog& log, std::uint32_t physical, std::size_t offset,
                                    std::uint64_t key) noexcept {
  if (offset + layout::kMinRecord > log.block_size()) return std::nullopt;
  const auto* record = reinterpret_cast<const RecordHeader*>(log.at(physical, offset));
  const std::uint64_t found = load_inside_payload(record->key);  // SYNC commit
  if (found != key && found != ~key) return std::nullopt;
  const auto meta = layout::RecordMeta::from(load_inside_payload(record->meta));
  const bool padding = (meta.flags & layout::kPadding) != 0;
  const Rest rest{log.stride(meta.size), found == key ? !padding : meta.aborted_sequences()};
  const std::size_t room = log.block_size() - offset;
  const bool fits = padding ? rest.stride == room : rest.stride + layout::kMinRecord <= room;
  if (meta.size < layout::kMinRecord || !fits || rest.stride / layout::kMinRecord < rest.events) return std::nullopt;
  return rest;
}

namespace {

/// The end of the part that a claim covers from `here` on.
struct RestEnd {
  std::size_t offset;
  std::uint64_t tail;  ///< as the claim would have left it, had it been granted
};

RestEnd end_of_rest(const BlockLog& log, std::uint64_t here, const Rest& rest) noexcept {
  const auto& format = log.format();
  const std::size_t offset = format.offset(here) + rest.stride;
  if (rest.padding()) return {offset, format.make(format.block(here), log.block_size(), format.count(here))};
  return {offset, format.after(here, rest.stride, rest.events)};
}

/// Only boundaries were ever tail values. So a claim whose size ends at a boundary was granted. Or it is smaller than
/// the granted one; but then it can't end at a boundary: inside the granted batch nothing after `here` is finished,
/// since its records are finished in order. `tail` was read before the claims, and the keys are read here, after them:
/// a publisher that finished in the meantime left its key.
bool ends_at_boundary(const BlockLog& log, std::uint64_t here, const RestEnd& end, std::uint64_t tail,
                      const Claims& claims, std::uint32_t physical) noexcept {
  const auto& format = log.format();
  if (tail == end.tail) return true;
  if (end.offset > log.block_size()) return false;
  if (end.offset == log.block_size())
    return format.block(tail) != format.block(here) || format.offset(tail) == log.block_size();
  if (end.offset + layout::kMinRecord > log.block_size()) return false;
  const auto* next = reinterpret_cast<const RecordHeader*>(log.at(physical, end.offset));
  const std::uint64_t key = log.entry(physical).key.load(std::memory_order_acquire);
  const std::uint64_t found = load_inside_payload(next->key);
  if (found == key || found == ~key) return true;
  for (std::size_t i = 0; i < claims.count; ++i) {
    if (claims.shown[i].where == end.tail) return true;
  }
  return false;
}

/// Returns how many sequences the block has before a boundary. It follows from what comes after the boundary: finished
/// records up to the tail, up to a shown claim (its `where` was a tail value, whether it was granted or not), or up to
/// the next block. A record on the way that is unfinished began at a shown claim, or is finished by now: returns
/// nothing where the claims must be read again. Returns kNone where the next block has left the ring, so the number
/// can't be found.
std::optional<std::uint64_t> count_at(const BlockLog& log, std::uint64_t here, std::size_t offset, std::uint64_t tail,
                                      const Claims& claims, std::uint32_t physical) noexcept {
  const auto& format = log.format();
  const std::uint64_t key = log.entry(physical).key.load(std::memory_order_acquire);
  const auto stands_here = [&](std::uint64_t t) {
    return format.block(t) == format.block(here) && format.offset(t) == offset;
  };
  std::uint64_t passed = 0;
  for (;;) {
    if (stands_here(tail)) return format.count(tail) - passed;
    for (std::size_t i = 0; i < claims.count; ++i) {
      if (stands_here(claims.shown[i].where)) return format.count(claims.shown[i].where) - passed;
    }
    if (offset >= log.block_size()) break;
    const auto record = finished_record(log, physical, offset, key);
    if (!record) return std::nullopt;
    offset += record->stride;
    passed += record->events;
  }
  Block next;
  const FindResult found = log.find(log.entry(physical).number.load(std::memory_order_acquire) + 1, next);
  if (found == FindResult::gone) return kNone;
  if (found != FindResult::found) return std::nullopt;
  return next.first_sequence - log.entry(physical).first_sequence.load(std::memory_order_acquire) - passed;
}

}  // namespace

Holder holder_of(BlockLog& log, std::uint64_t here, std::uint32_t physical) noexcept {
  const std::uint64_t tail = log.tail().load(std::memory_order_acquire);
  const Claims claims = all_claims(log);
  // The part of it that each claim covers, if the claim was granted. A claim that lost the race may cover it, too.
  std::array<std::optional<Rest>, layout::kMaxPublishers> rests;
  std::optional<Rest> holder;
  bool same_stride = false;
  for (std::size_t i = 0; i < claims.count; ++i) {
    const ShownClaim& claim = claims.shown[i];
    if (claim.what.physical() != physical) continue;
    const auto rest = rest_of(log.format(), claim, here);
    if (!rest || !ends_at_boundary(log, here, end_of_rest(log, here, *rest), tail, claims, physical)) continue;
    rests[i] = rest;
    same_stride = same_stride || (holder && rest->stride == holder->stride && rest->events != holder->events);
    if (!holder || rest->stride < holder->stride) {
      holder = rest;
      same_stride = false;
    }
  }
  if (!holder) return {};
  if (same_stride) {  // same bytes, different events: the claims after it show how many
    const auto count = count_at(log, here, log.format().offset(here) + holder->stride, tail, claims, physical);
    if (!count) return {};
    if (*count == kNone) {
      // A subscriber that is still in this block was lapped. The rest is passed as if it were padding: the next block's
      // first sequence shows how much was lost.
      for (auto& rest : rests) {
        if (rest && rest->stride == holder->stride) rest = Rest{log.block_size() - log.format().offset(here), 0};
      }
      holder = Rest{log.block_size() - log.format().offset(here), 0};
    } else {
      holder->events = static_cast<unsigned>(*count - log.format().count(here));
    }
  }

  // Several ports may show the same claim, and one of them was granted. A living publisher is waited for; if all are
  // dead, any of them will do.
  Holder result{Holder::Kind::unknown, 0, *holder};
  for (std::size_t i = 0; i < claims.count; ++i) {
    const ShownClaim& claim = claims.shown[i];
    if (rests[i] != holder) continue;
    if (result.kind == Holder::Kind::unknown) result = {Holder::Kind::dead, claim.port, *holder};
    if (claim.owner == 0) continue;
    const bool lives = log.environment().alive(layout::owner_node(claim.owner));
    if (lives && (claim.owner & layout::kRepairing) == 0) {
      result.kind = Holder::Kind::living;
      return result;
    }
    if (lives)
      result.kind = Holder::Kind::in_repair;
    else if (result.kind == Holder::Kind::dead)
      result.port = claim.port;
  }
  return result;
}

}  // namespace shmbus::log
