// badge-service: awards badges.

#include "common/service.hpp"
#include "reactions/badges.hpp"

int main(int argc, char** argv) {
  return streaming::run_service(argc, argv, "badge-service", "Awards badges for watches; publishes badge.awarded.",
                                [](streaming::Service& service) {
                                  streaming::Badges badges(service.state(), service.movies(),
                                                           service.results<streaming::BadgeAwarded>("badge.awarded"));
                                  return service.run(badges);
                                });
}
