// A service: answers each order with an invoice, until Ctrl-C or `kill`.

#include <shmbus/shmbus.hpp>

#include <exception>
#include <iostream>

int main(int argc, char** argv) try {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto invoices = bus.publisher("invoice.sent");

  // The one worker of this subscription alone uses `invoices`: a publisher belongs to one thread at a time.
  const auto orders = bus.subscribe("order.received", [&](const shmbus::Event& order) {
    std::cout << "an invoice for " << order.text() << std::endl;
    invoices.publish(order.text());
  });

  // More orders: shmbus pub --bus examples order.received 'a chair'
  bus.publisher("order.received").publish("a table");
  const int signal = bus.run_until_signal();  // 0 if the bus was removed
  std::cout << "ended by signal " << signal << '\n';
} catch (const std::exception& error) {
  std::cerr << "service: " << error.what() << '\n';
  return 1;
}

// Ends: SIGTERM
// Prints:
// an invoice for a table
// ended by signal 15
