#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shmbus::c {

enum class Kind : std::uint8_t { none, bus, publisher, subscriber, subscription, kept, scope, inspector, reader };

/// A place for one object that a handle names. Places are used again, and never freed: looking at one is always safe.
struct Place {
  std::atomic<std::uint64_t> number{0};  ///< the handle of the object that is here now; 0: none
  void* object = nullptr;
  std::atomic<std::uint32_t> users{0};  ///< calls that hold it, see Hold
  std::uint64_t uses = 0;               ///< how many handles it had
  std::uint32_t index = 0;
  std::atomic<std::uint32_t> next_free{0};
};

/// Where the objects behind handles are. A handle is a number:
///
///     63            26 25   22 21        0
///     | use of place  | kind  |  place   |
///
/// H1 A number is given out once: when an object ends, its place's number is taken away first, and the next object there
///    gets another one. So a handle that has ended is found out by one comparison.
/// H2 No lock is taken, so a forked child and a signal handler may look.
class HandleTable {
 public:
  /// Places an object. Returns 0 where there is no place left. *Throws* std::bad_alloc.
  static std::uint64_t add(Kind kind, void* object);
  /// Takes the number away: no later call finds the object. Waits until no call holds it. Returns the object, which the caller
  /// then owns; null where the handle has ended, or ends elsewhere.
  static void* remove(Kind kind, std::uint64_t number) noexcept;

  /// The object, for those whose handles one thread at a time uses; null where the handle has ended.
  static void* find(Kind kind, std::uint64_t number) noexcept {
    const Place* place = place_of(number);
    if (place == nullptr || place->number.load(std::memory_order_acquire) != number || kind_of(number) != kind)
        [[unlikely]]
      return nullptr;
    return place->object;
  }

  /// Keeps an object from ending during a call, for handles that any thread uses.
  class Hold {
   public:
    Hold(Kind kind, std::uint64_t number) noexcept;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold();
    void* object() const noexcept { return object_; }

   private:
    Place* place_;
    void* object_ = nullptr;
  };

 private:
  static constexpr unsigned kIndexBits = 22, kKindBits = 4;
  static constexpr std::uint32_t kChunk = 1024, kChunks = (1u << kIndexBits) / kChunk;

  static Kind kind_of(std::uint64_t number) noexcept {
    return static_cast<Kind>((number >> kIndexBits) & ((1u << kKindBits) - 1));
  }
  static Place* place_of(std::uint64_t number) noexcept {
    const auto index = static_cast<std::uint32_t>(number) & ((1u << kIndexBits) - 1);
    // SYNC chunk: pairs with make_place.
    Place* chunk = chunks_[index / kChunk].load(std::memory_order_acquire);
    return chunk == nullptr ? nullptr : chunk + index % kChunk;
  }
  static Place* take_free() noexcept;
  static Place* make_place();
  static void free(Place& place) noexcept;

  static std::atomic<Place*> chunks_[kChunks];
  static std::atomic<std::uint64_t>
      free_;  // tag in the upper half, index + 1 of the first free place in the lower; 0: none
  static std::atomic<std::uint32_t> made_;  // places so far
};

}  // namespace shmbus::c
