// ml-service: recommends videos.

#include "common/service.hpp"
#include "reactions/recommendations.hpp"

int main(int argc, char** argv) {
  return streaming::run_service(
      argc, argv, "ml-service", "Learns from watches which videos go together; publishes recommendation.updated.",
      [](streaming::Service& service) {
        streaming::Recommendations recommendations(
            service.state(), service.results<streaming::RecommendationUpdated>("recommendation.updated"));
        return service.run(recommendations);
      });
}
