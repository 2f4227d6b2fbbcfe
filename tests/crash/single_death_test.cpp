// One process dies, or is stopped for a while, at each point of the protocol.

#include <catch2/catch.hpp>

#include <cstdlib>
#include <iostream>
#include <set>

#include "crash/planned_faults.hpp"

using crash::Fault;

namespace {

void check_all_met(const std::set<std::string>& met) {
  for (const std::string& point : crash::all_points()) {
    INFO("no process came to its fault at " << point);
    CHECK(met.contains(point));
  }
}

bool plays_well(const Fault& fault, unsigned publishers) {
  if (fault.signal == SIGSTOP && crash::holds_back(*fault.role)) return true;
  INFO(fault.role->name << (fault.signal == SIGSTOP ? " stopped" : " killed") << " at " << fault.point << ", "
                        << publishers << " publishers");
  try {
    return crash::play({fault}, publishers).front();
  } catch (const std::exception& error) {
    FAIL_CHECK(error.what());
    return true;
  }
}

void check_all_fates(int signal, unsigned publishers, unsigned roles_a_point) {
  const auto faults = crash::faults_at_all_points(signal, roles_a_point);
  std::set<std::string> met;
  std::size_t scenes = 0;
  for (const Fault& fault : faults) {
    ++scenes;
    if (plays_well(fault, publishers)) met.insert(fault.point);
  }
  // A victim may have been slower than the others this time: each role that passes the point may try again.
  const auto others = crash::faults_at_all_points(signal, 8);
  for (int round = 0; round < 5 && met.size() < crash::all_points().size(); ++round) {
    for (const Fault& fault : others) {
      if (met.contains(fault.point)) continue;
      ++scenes;
      if (plays_well(fault, publishers)) met.insert(fault.point);
    }
  }
  check_all_met(met);
  std::cout << "crash points: " << crash::all_points().size()
            << (signal == SIGSTOP ? ", stopped at: " : ", killed at: ") << met.size() << ", in " << scenes
            << " scenes with " << publishers << " publishers" << std::endl;
}

}  // namespace

TEST_CASE("no two crash points share an id, and some role passes each point", "[points]") {
  std::set<std::uint32_t> ids;
  for (const std::string& point : crash::all_points()) ids.insert(shmbus::platform::crash_point_id(point));
  CHECK(ids.size() == crash::all_points().size());
  std::set<std::string> passed;
  for (const auto& [role, points] : crash::points_of_roles()) passed.insert(points.begin(), points.end());
  check_all_met(passed);
}

TEST_CASE("a death at any point does others no harm: 1 publisher", "[death]") { check_all_fates(SIGKILL, 1, 1); }
TEST_CASE("a death at any point does others no harm: 2 publishers", "[death]") { check_all_fates(SIGKILL, 2, 2); }
TEST_CASE("a death at any point does others no harm: 4 publishers", "[death]") { check_all_fates(SIGKILL, 4, 1); }
TEST_CASE("a death at any point does others no harm, of up to four roles at each", "[death][long]") {
  for (const unsigned publishers : {1u, 2u, 4u}) check_all_fates(SIGKILL, publishers, 4);
}

TEST_CASE("a process that is stopped at any point does others no harm, also when it goes on", "[stop]") {
  check_all_fates(SIGSTOP, 2, 1);
}

// Repeats one scene: SHMBUS_SCENE="<role>@<point>[@stop]", SHMBUS_PUBLISHERS.
TEST_CASE("the scene that the environment names", "[.scene]") {
  const char* scene = std::getenv("SHMBUS_SCENE");
  REQUIRE(scene != nullptr);
  const std::string text = scene;
  const std::size_t at = text.find('@'), end = text.find('@', at + 1);
  const Fault fault{.role = &crash::role(text.substr(0, at)),
                    .point = text.substr(at + 1, end == std::string::npos ? end : end - at - 1),
                    .signal = end == std::string::npos ? SIGKILL : SIGSTOP};
  const char* publishers = std::getenv("SHMBUS_PUBLISHERS");
  CHECK(crash::play({fault}, publishers != nullptr ? static_cast<unsigned>(std::atoi(publishers)) : 2).front());
}
