#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shmbus::c {

enum class Kind : std::uint8_t {
  none,
  bus,
  publisher,
  subscriber,
  subscription,
  kept,
  inspector,
  reader,
  group,
  lease,
  journal
};

/// A place for one object that a handle names. Places are used again, and never freed: looking at one is always safe.
struct alignas(64) Place {
  std::atomic<std::uint64_t> number{0};  ///< the handle of the object that is here now; 0: none
  void* object = nullptr;
  std::atomic<std::uint32_t> users{0};  ///< calls that hold it, see Hold
  std::atomic<std::uint32_t> next_free{0};
  std::uint64_t uses = 0;   ///< how many handles it had
  std::uint32_t forks = 0;  ///< `forks_before` when the handle was given out
};

/// Returns how many forks lie between this process and the one that loaded the library.
std::uint32_t forks_before() noexcept;

/// The places of one kind of object that are free. No lock is taken, so a forked child and a signal handler may look.
struct FreePlaces {
  std::atomic<std::uint64_t> first{
      0};  ///< tag in the upper half, index + 1 of the first free place in the lower; 0: none
  std::atomic<std::uint32_t> made{0};  ///< places that were ever used

  /// Returns the place; null where all are in use.
  Place* take(Place* places, std::uint32_t count) noexcept;
  void free(Place* places, Place& place) noexcept;
};

/// Ends a handle: takes its number away, and waits until no call holds it. Returns its object; null where it has ended, or
/// ends elsewhere. In a child of the process that it was given out in it waits for a second at most: the thread that held it
/// may not exist there, and what the child's own threads call returns at once.
void* end_handle(Place& place, std::uint64_t number) noexcept;

/// Where the objects behind handles of one kind are. A handle is a number:
///
///     63            24 23   20 19        0
///     | use of place  | kind  |  place   |
///
/// H1 A number is given out once: when an object ends, its place's number is taken away first, and the next object there gets
///    another one. So a handle that has ended, or is of another kind, is found out by one comparison.
template <Kind K>
class HandleTable {
 public:
  static constexpr std::uint32_t kPlaces = K == Kind::kept || K == Kind::lease             ? 1u << 18
                                           : K == Kind::publisher || K == Kind::subscriber ? 1u << 16
                                                                                           : 1u << 12;

  /// Places an object. Returns 0 where there is no place left.
  static std::uint64_t add(void* object) noexcept {
    Place* place = free_.take(places_, kPlaces);
    if (place == nullptr) return 0;
    place->object = object;
    place->forks = forks_before();
    const std::uint64_t number = ++place->uses << 24 | std::uint64_t{static_cast<std::uint8_t>(K)} << 20 |
                                 static_cast<std::uint64_t>(place - places_);
    place->number.store(number, std::memory_order_release);
    return number;
  }

  /// Ends a handle, and returns its object, which the caller then owns.
  static void* remove(std::uint64_t number) noexcept {
    if (number == 0) return nullptr;
    Place& place = place_of(number);
    void* object = end_handle(place, number);
    if (object != nullptr) free_.free(places_, place);
    return object;
  }

  /// The object, for those whose handles one thread at a time uses; null where the handle has ended.
  static void* find(std::uint64_t number) noexcept {
    const Place& place = place_of(number);
    // A free place has the number 0, and no object.
    return place.number.load(std::memory_order_acquire) == number ? place.object : nullptr;
  }

  /// Keeps an object from ending during a call, for handles that any thread uses.
  class Hold {
   public:
    explicit Hold(std::uint64_t number) noexcept : place_(place_of(number)) {
      place_.users.fetch_add(1);
      // Sequentially consistent, as in end_handle: either that sees the count, or this sees that the number is gone.
      if (number != 0 && place_.number.load() == number) object_ = place_.object;
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    ~Hold() { place_.users.fetch_sub(1); }
    void* object() const noexcept { return object_; }

   private:
    Place& place_;
    void* object_ = nullptr;
  };

 private:
  static Place& place_of(std::uint64_t number) noexcept { return places_[number & (kPlaces - 1)]; }

  static constinit inline Place places_[kPlaces]{};  // memory is taken when a place is first used
  static constinit inline FreePlaces free_{};
};

}  // namespace shmbus::c
