// Lets worker threads call a handler for each event.

#include <shmbus/shmbus.hpp>

#include <atomic>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  auto bus = shmbus::Bus::open(argc > 1 ? argv[1] : "examples");

  // One worker, the default, handles events in order. With more there is no order between them, so that a handler must
  // be safe to call from several threads at once.
  std::atomic<int> watched = 0;
  const auto add = [&](const shmbus::Event& event) { watched += std::stoi(std::string(event.text())); };
  auto videos = bus.subscribe("video.*", add, {.workers = 4});

  auto started = bus.publisher("video.started");
  auto ended = bus.publisher("video.ended");
  for (int minutes = 1; minutes <= 10; ++minutes) {
    started.publish("0");
    ended.publish(std::to_string(minutes));
  }

  while (videos.handled() < 20) std::this_thread::sleep_for(1ms);
  std::cout << "watched " << watched << " minutes, lost " << videos.lost() << " events\n";
  videos.stop();  // waits for the handlers that run; its destructor does the same
}

// Prints:
// watched 55 minutes, lost 0 events
