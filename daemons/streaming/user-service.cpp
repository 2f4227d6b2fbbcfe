// user-service: learns which genres each user likes.

#include "common/service.hpp"
#include "reactions/preferences.hpp"

int main(int argc, char** argv) {
  return streaming::run_service(argc, argv, "user-service",
                                "Learns from watches which genres each user likes; publishes user.preferences_updated.",
                                [](streaming::Service& service) {
                                  streaming::Preferences preferences(
                                      service.state(), service.movies(),
                                      service.results<streaming::PreferencesUpdated>("user.preferences_updated"));
                                  return service.run(preferences);
                                });
}
