// Publishes and reads structs. The topic records the type, and refuses every other one.

#include <shmbus/shmbus.hpp>
#include <shmbus/type_fields.hpp>

#include <cstdint>
#include <iostream>

namespace shop {
struct OrderPlaced {
  std::uint64_t order_id;
  std::uint32_t items;
  float total;  // EUR
};
// Optional: records the names, types and offsets of the fields, so that another layout of this name is refused.
SHMBUS_FIELDS(OrderPlaced, order_id, items, total)
}  // namespace shop

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto subscriber = bus.subscriber<shop::OrderPlaced>("order.placed");
  auto publisher = bus.publisher<shop::OrderPlaced>("order.placed");
  publisher.publish({.order_id = 17, .items = 3, .total = 59.5F});

  subscriber.poll([](const shop::OrderPlaced& order) {
    std::cout << "order " << order.order_id << ": " << order.items << " items, " << order.total << " EUR\n";
  });
  std::cout << "the topic carries " << publisher.topic().type_name << '\n';

  try {
    auto wrong = bus.publisher<double>("order.placed");
  } catch (const shmbus::Error& error) {  // what() says what was expected, what was found, and what to do
    std::cout << "a publisher of doubles is refused: " << to_string(error.code()) << '\n';
  }
}

// Prints:
// order 17: 3 items, 59.5 EUR
// the topic carries shop::OrderPlaced
// a publisher of doubles is refused: type_mismatch
