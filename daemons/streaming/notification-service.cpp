// notification-service: notifies users of what their friends watch.

#include "common/service.hpp"
#include "reactions/notices.hpp"

int main(int argc, char** argv) {
  return streaming::run_service(
      argc, argv, "notification-service", "Notifies users' friends of what they watch; publishes notification.sent.",
      [](streaming::Service& service) {
        streaming::Notices notices(service.state(), service.results<streaming::NotificationSent>("notification.sent"));
        return service.run(notices);
      });
}
