// The part in C++ of test_interop.py: interop_cpp publish|read BUS TOPIC
#include <shmbus/shmbus.hpp>
#include <shmbus/type_fields.hpp>

#include <array>
#include <cstdint>
#include <iostream>
#include <string>

namespace test {

struct Position {
  float x, y;
};
SHMBUS_FIELDS(Position, x, y)

struct Watch {
  std::uint64_t user_id;
  std::uint32_t video_id;
  float seconds;
  Position at;
  std::array<Position, 2> track;
  unsigned char tags[3];
  char name[5];
};
SHMBUS_FIELDS(Watch, user_id, video_id, seconds, at, track, tags, name)

}  // namespace test

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    auto bus = shmbus::Bus::open(argv[2]);
    if (argv[1] == std::string("publish")) {
      const test::Watch watch{42, 7, 1.5f, {1, 2}, {{{3, 4}, {5, 6}}}, {7, 8, 9}, "bob"};
      return bus.publisher<test::Watch>(argv[3]).publish(watch) ? 0 : 1;
    }
    auto subscriber = bus.subscriber<test::Watch>(argv[3], {.start = shmbus::Start::oldest()});
    const std::size_t events = subscriber.poll([](const test::Watch& w) {
      std::cout << w.user_id << ' ' << w.video_id << ' ' << w.seconds << ' ' << w.at.x << ' ' << w.at.y << ' '
                << w.track[1].y << ' ' << int{w.tags[2]} << ' ' << w.name << '\n';
    });
    return events == 1 && subscriber.mismatched() == 0 ? 0 : 1;
  } catch (const shmbus::Error& error) {
    std::cerr << error.what() << '\n';
    return 3;
  }
}
