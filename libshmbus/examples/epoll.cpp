// Waits for events and other things in one event loop: `fd()` is readable when there may be something to poll.

#include <shmbus/shmbus.hpp>

#include <sys/epoll.h>
#include <unistd.h>

#include <iostream>
#include <thread>

int main(int argc, char** argv) {
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");
  auto subscriber = bus.subscriber("chat.message");

  const int loop = ::epoll_create1(EPOLL_CLOEXEC);
  ::epoll_event interest{.events = EPOLLIN, .data = {.fd = subscriber.fd()}};
  ::epoll_ctl(loop, EPOLL_CTL_ADD, subscriber.fd(), &interest);

  // In a program of its own, as a rule.
  std::jthread other([publisher = bus.publisher("chat.message")]() mutable {
    for (const char* text : {"hello", "how are you?", "bye"}) publisher.publish(text);
  });

  for (bool open = true; open;) {
    ::epoll_event ready{};
    if (::epoll_wait(loop, &ready, 1, -1) < 1 || ready.data.fd != subscriber.fd()) continue;
    // Poll until nothing is left: only then does the descriptor report later events.
    while (subscriber.poll([&](const shmbus::Event& event) {
      std::cout << event.text() << '\n';
      open = open && event.text() != "bye";
    }) > 0) {
    }
  }
  ::close(loop);
}

// Prints:
// hello
// how are you?
// bye
