// Order by key: the bookings of one account are handled one after another, those of different accounts side by side.

#include <shmbus/shmbus.hpp>

#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  bus.remove_topic("account.booked");
  auto publisher = bus.publisher("account.booked");

  std::mutex mutex;
  std::map<std::string, std::string> ledger;
  auto book = [&](const shmbus::Event& event) {  // on four threads; never two for one account
    std::string line;
    {
      const std::lock_guard lock(mutex);
      line = ledger[std::string(event.key())];
    }
    line += ' ';
    line += event.text();
    const std::lock_guard lock(mutex);
    ledger[std::string(event.key())] = line;
  };
  auto workers = bus.subscribe("account.booked", book,
                               {.group = "ledger", .group_options = {.order = shmbus::Order::by_key}, .workers = 4});
  for (const char* amount : {"+10", "-3", "+5", "-12"}) {
    for (const char* account : {"anna", "ben", "carl"}) publisher.publish(amount, {.key = account});
  }
  while (workers.handled() < 12) std::this_thread::yield();
  workers.stop();
  for (const auto& [account, bookings] : ledger) std::cout << account << ':' << bookings << '\n';
}

// Prints:
// anna: +10 -3 +5 -12
// ben: +10 -3 +5 -12
// carl: +10 -3 +5 -12
