// Many threads open, use and close handles of the same few places: a handle that has ended finds nothing, and one that is held
// does not end. Run under ThreadSanitizer, too.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "c/handle_table.hpp"

namespace {

using Table = shmbus::c::HandleTable<shmbus::c::Kind::bus>;
using Other = shmbus::c::HandleTable<shmbus::c::Kind::kept>;

struct Object {
  std::uint64_t number = 0;  // its handle
  std::uint64_t looks = 0;
};

void check(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

constexpr int kThreads = 4, kRounds = 3000;
std::atomic<std::uint64_t> shared{0};  // a handle that all threads look at
std::atomic<std::uint64_t> ended_by_others{0};

void open_look_and_close() {
  for (int i = 0; i < kRounds; ++i) {
    auto* object = new Object;
    const std::uint64_t number = Table::add(object);
    check(number != 0, "there is a place");
    object->number = number;
    check(Table::find(number) == object, "an open handle finds its object");
    check(Other::find(number) == nullptr, "a handle of another kind finds nothing");
    const std::uint64_t before = shared.exchange(number);
    if (before != 0) {
      const Table::Hold hold(before);
      // Its object can't end while it is held, and it is the one of that handle.
      if (const auto* held = static_cast<const Object*>(hold.object()))
        check(held->number == before, "the held object is the handle's");
    }
    void* mine = Table::remove(number);
    check(mine == object, "only one thread ends it");
    check(Table::find(number) == nullptr && Table::remove(number) == nullptr, "it ends once");
    delete static_cast<Object*>(mine);
    if (i % 16 == 0) std::this_thread::yield();
    const Table::Hold late(number);
    check(late.object() == nullptr, "a handle that has ended can't be held");
    if (before != 0 && Table::Hold(before).object() == nullptr) ++ended_by_others;
  }
}

/// A call of the parent holds the handle when the process forks: the child can end it all the same.
void end_in_child() {
  Object object;
  const std::uint64_t number = Table::add(&object);
  {
    const Table::Hold hold(number);
    const pid_t child = ::fork();
    check(child >= 0, "a child");
    if (child == 0) ::_exit(Table::remove(number) == &object && Table::remove(number) == nullptr ? 0 : 1);
    int status = -1;
    check(::waitpid(child, &status, 0) == child && status == 0, "a child ends a handle that its parent held");
  }
  check(Table::remove(number) == &object, "the parent's handle was open");
}

}  // namespace

int main() {
  end_in_child();
  check(Table::find(0) == nullptr && Table::remove(0) == nullptr && Table::find(~std::uint64_t{0}) == nullptr,
        "no handle");
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(open_look_and_close);
  for (std::thread& thread : threads) thread.join();
  // All places are free again, and as many can be taken as there are.
  std::vector<std::uint64_t> all;
  Object one;
  while (const std::uint64_t number = Table::add(&one)) all.push_back(number);
  check(all.size() == Table::kPlaces, "every place can be used again");
  for (const std::uint64_t number : all) check(Table::remove(number) == &one, "each is open");
  check(ended_by_others > 0, "threads met ended handles");
  std::puts("handle table: passed");
}
