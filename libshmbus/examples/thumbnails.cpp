// A work queue: two workers share the events of a topic. One fails; its event goes to the other.

#include <shmbus/shmbus.hpp>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  bus.remove_topic("image.uploaded");
  auto publisher = bus.publisher("image.uploaded");
  shmbus::GroupOptions options{.max_deliveries = 3, .backoff = {1ms}};
  auto one = bus.group("image.uploaded", "thumbnails", options);  // each would be a process of its own
  auto two = bus.group("image.uploaded", "thumbnails", options);
  for (const char* image : {"cat.png", "dog.png", "broken.png"}) publisher.publish(image);

  {
    shmbus::Lease lease = one.take();
    std::cout << "one begins " << lease.event().text() << ", and fails\n";
  }  // given back
  for (int done = 0; done < 3;) {
    shmbus::Lease lease = two.take();
    if (lease.event().text() == "broken.png") {
      lease.reject("not an image");  // to image.uploaded.dead
    } else if (lease.deliveries() > 1) {
      std::cout << "two makes " << lease.event().text() << ", at the second try\n";
      lease.acknowledge();
    } else {
      lease.acknowledge();
    }
    ++done;
  }
  auto dead = bus.subscriber("image.uploaded.dead", {.start = shmbus::Start::last(1)});
  dead.poll([](const shmbus::Event& event) {
    std::cout << event.text() << ": " << event.header("shmbus-reason").value_or("") << '\n';
  });
}

// Prints:
// one begins cat.png, and fails
// two makes cat.png, at the second try
// broken.png: not an image
