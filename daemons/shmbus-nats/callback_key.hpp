#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

namespace shmbus::bridge {

/// What nats.c gets instead of a pointer to an object: nats.c does not say when it has made its last call, so the object
/// may be gone by then. A key leads to its object for as long as that exists, and no key is used twice.
template <class T>
class CallbackKey {
 public:
  explicit CallbackKey(std::weak_ptr<T> object) {
    Table& table = Table::get();
    const std::lock_guard lock(table.mutex);
    key_ = ++table.last;
    table.objects.emplace(key_, std::move(object));
  }
  CallbackKey(const CallbackKey&) = delete;
  CallbackKey& operator=(const CallbackKey&) = delete;
  ~CallbackKey() {
    Table& table = Table::get();
    const std::lock_guard lock(table.mutex);
    table.objects.erase(key_);
  }

  /// The closure to give to nats.c.
  void* closure() const noexcept { return reinterpret_cast<void*>(key_); }

  /// The object of a closure; null where it is gone.
  static std::shared_ptr<T> find(void* closure) {
    Table& table = Table::get();
    const std::lock_guard lock(table.mutex);
    const auto place = table.objects.find(reinterpret_cast<std::uintptr_t>(closure));
    return place == table.objects.end() ? nullptr : place->second.lock();
  }

 private:
  struct Table {
    std::mutex mutex;
    std::uintptr_t last = 0;
    std::map<std::uintptr_t, std::weak_ptr<T>> objects;
    static Table& get() {
      static Table& table = *new Table;  // nats.c's threads may outlive static objects
      return table;
    }
  };
  std::uintptr_t key_;
};

}  // namespace shmbus::bridge
