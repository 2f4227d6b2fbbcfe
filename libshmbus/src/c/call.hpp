#pragma once

#include <cxxabi.h>

#include <memory>
#include <string>
#include <utility>

#include "c/handle_table.hpp"
#include "c/last_error.hpp"
#include "shmbus/shmbus.h"

// What each function of the C interface begins and ends with.
namespace shmbus::c {

/// Calls `work`, which returns a status. No exception passes, except the one by which pthread_exit and pthread_cancel end a
/// thread: it must not be stopped.
template <class Work>
shmbus_status guarded(Work&& work) {
  try {
    return work();
  } catch (const abi::__forced_unwind&) {
    throw;
  } catch (...) {
    return fail_of_exception();
  }
}

/// Places a new object. Returns its handle's number through `number`.
template <class Object>
shmbus_status open_handle(std::unique_ptr<Object> object, std::uint64_t& number) {
  number = HandleTable<Object::kKind>::add(object.get());
  if (number == 0) {
    return fail(SHMBUS_LIMIT,
                {"this process",
                 "at most " + std::to_string(HandleTable<Object::kKind>::kPlaces) + " open handles of this kind",
                 "all of them in use", "close some"});
  }
  object.release();
  return SHMBUS_OK;
}

/// The object of a handle that one thread at a time uses.
template <class Object>
Object* find(std::uint64_t number) noexcept {
  return static_cast<Object*>(HandleTable<Object::kKind>::find(number));
}

/// Takes the handle away, and returns its object.
template <class Object>
std::unique_ptr<Object> take(std::uint64_t number) noexcept {
  return std::unique_ptr<Object>(static_cast<Object*>(HandleTable<Object::kKind>::remove(number)));
}

/// For objects that own what they stand for through a std::shared_ptr, `shared`: returns it, so that another thread may close
/// the handle meanwhile. Null where the handle has ended.
template <class Object>
auto share(std::uint64_t number) noexcept -> decltype(std::declval<Object>().shared) {
  const typename HandleTable<Object::kKind>::Hold hold(number);
  const auto* object = static_cast<const Object*>(hold.object());
  return object != nullptr ? object->shared : nullptr;
}

}  // namespace shmbus::c
