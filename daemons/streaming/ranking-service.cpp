// ranking-service: keeps the top ten.

#include "common/service.hpp"
#include "reactions/ranking.hpp"

int main(int argc, char** argv) {
  return streaming::run_service(
      argc, argv, "ranking-service", "Keeps the ten recently most watched videos; publishes ranking.changed.",
      [](streaming::Service& service) {
        streaming::Ranking ranking(service.state(), service.results<streaming::RankingChanged>("ranking.changed"));
        return service.run(ranking);
      });
}
