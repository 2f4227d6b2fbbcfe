// Sends headers and a key with an event: readers choose by them, and need not look into the payload.

#include <shmbus/shmbus.hpp>

#include <iostream>

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto orders = bus.publisher("order.changed");
  auto reader = bus.subscriber("order.changed");

  const shmbus::PublishOptions options{.headers = {{"content-type", "json"}, {"version", "2"}}, .key = "order-17"};
  orders.publish(R"({"items": 3})", options);
  orders.publish("17;3", {.headers = {{"content-type", "csv"}}, .key = "order-17"});
  orders.publish("no headers and no key: such an event takes no room for them");

  // All views are valid as long as the event.
  reader.poll([](const shmbus::Event& event) {
    if (event.key().empty()) return;
    std::cout << event.key() << ':';
    for (const auto& [name, value] : event.headers()) std::cout << ' ' << name << '=' << value;
    if (event.header("content-type") == "json") std::cout << ", payload " << event.text();
    std::cout << '\n';
  });
}

// Prints:
// order-17: content-type=json version=2, payload {"items": 3}
// order-17: content-type=csv
