// analytics-service: counts watches.

#include "common/service.hpp"
#include "reactions/analytics.hpp"

int main(int argc, char** argv) {
  return streaming::run_service(argc, argv, "analytics-service",
                                "Counts watches, by hour and by genre, and their rates; publishes analytics.updated.",
                                [](streaming::Service& service) {
                                  streaming::Analytics analytics(
                                      service.state(), service.movies(),
                                      service.results<streaming::AnalyticsUpdated>("analytics.updated"));
                                  return service.run(analytics);
                                });
}
