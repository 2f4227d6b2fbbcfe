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
    claim.where = port.where.load(std::memory_order_acquire);  // SYNC claim
    if (claim.where == kNone) return std::nullopt;
    claim.what = ClaimWord(port.what.load(std::memory_order_acquire));
    if (port.where.load(std::memory_order_acquire) != claim.where || !claim.what.belongs_to(claim.where))
      return std::nullopt;
    if (port.owner.load(std::memory_order_acquire) == claim.owner) return claim;
    // Marked for repair meanwhile, or another tenant's. To leave a claim out would give its record to a larger one.
  }
  return std::nullopt;
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

/// The tail that the claim would have left, had it been granted.
std::uint64_t tail_after(const BlockLog& log, const ShownClaim& claim) noexcept {
  const auto& format = log.format();
  return claim.what.padding() ? format.make(format.block(claim.where), log.block_size(), format.count(claim.where))
                              : format.after(claim.where, claim.what.stride());
}

/// The place may lie inside a payload that its owner writes at this moment, not atomically; a payload never is a key.
/// That is meant, and so not for ThreadSanitizer to report.
__attribute__((no_sanitize("thread"))) std::uint64_t key_inside_payload(const RecordHeader& record) noexcept {
  return __atomic_load_n(reinterpret_cast<const std::uint64_t*>(&record.key), __ATOMIC_ACQUIRE);
}

/// Only boundaries were ever tail values, so a size that ends at one was granted, or is smaller than the one granted
/// and can't end there. `tail` was read before the claims, the keys are read here, after them: whoever finished
/// meanwhile left its key.
bool ends_at_boundary(const BlockLog& log, const ShownClaim& claim, std::uint64_t tail, const Claims& claims,
                      std::uint32_t physical) noexcept {
  const auto& format = log.format();
  const std::size_t end = format.offset(claim.where) + claim.what.stride();
  const std::uint64_t after = tail_after(log, claim);
  if (tail == after) return true;
  if (end > log.block_size()) return false;
  if (end == log.block_size())
    return format.block(tail) != format.block(claim.where) || format.offset(tail) == log.block_size();
  if (end + layout::kMinRecord > log.block_size()) return false;
  const auto* next = reinterpret_cast<const RecordHeader*>(log.at(physical, end));
  const std::uint64_t key = log.entry(physical).key.load(std::memory_order_acquire);
  const std::uint64_t found = key_inside_payload(*next);
  if (found == key || found == ~key) return true;
  for (std::size_t i = 0; i < claims.count; ++i) {
    if (claims.shown[i].where == after) return true;
  }
  return false;
}

}  // namespace

Holder holder_of(BlockLog& log, std::uint64_t where, std::uint32_t physical) noexcept {
  const std::uint64_t tail = log.tail().load(std::memory_order_acquire);
  const Claims claims = all_claims(log);
  const ShownClaim* holder = nullptr;
  for (std::size_t i = 0; i < claims.count; ++i) {
    const ShownClaim& claim = claims.shown[i];
    if (claim.where != where || claim.what.physical() != physical) continue;
    if (claim.what.stride() < layout::kMinRecord || !ends_at_boundary(log, claim, tail, claims, physical)) continue;
    if (holder == nullptr || claim.what.stride() < holder->what.stride()) holder = &claim;
  }
  if (holder == nullptr) return {};

  // Several may show the same claim, one of which was granted. A living one is waited for; if all are dead, any of them
  // serves.
  Holder result{Holder::Kind::dead, holder->port, holder->what.stride(), holder->what.padding()};
  for (std::size_t i = 0; i < claims.count; ++i) {
    const ShownClaim& claim = claims.shown[i];
    if (claim.where != where || claim.what.word() != holder->what.word() || claim.owner == 0) continue;
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
