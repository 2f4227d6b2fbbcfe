#include "common/service_options.hpp"

namespace streaming {
namespace {

using namespace shmbus::tool;

constexpr std::uint64_t hour_ms = 3'600'000;

}  // namespace

void add_bus_option(Command& program, std::string& bus) {
  program.option("--bus", "NAME", "SHMBUS_BUS", text_value(bus), "the bus to use; it is created if there is none");
}

void add_journal_option(Command& program, std::string& journal, const std::string& help) {
  program.option("--journal", "KIND", choice(journal, {"none", "page_cache", "batch"}), help);
}

shmbus::Journal journal_named(const std::string& name) {
  if (name == "batch") return shmbus::Journal::batch();
  return name == "page_cache" ? shmbus::Journal::page_cache() : shmbus::Journal::none();
}

void add_service_options(Command& program, ServiceOptions& options) {
  add_bus_option(program, options.bus);
  add_journal_option(
      program, options.journal,
      "if the topic of results is new, also write it to disk, so that a restart of the machine leaves each "
      "result there once; with batch the state is synced as well");
  program
      .option(
          "--state", "FILE", text_value(options.state),
          "keep the state in this SQLite database, and go on after the last event it holds; without one, begin with "
          "the oldest event")
      .option("--movies", "FILE", text_value(options.movies),
              "CSV with the columns movieId and genres; without it genres are made up")
      .option("--report", "FILE", text_value(options.report), "write what was done as JSON when the service ends")
      .option("--until", "N", whole_number(options.until),
              "end once the event with this sequence is handled; by default only SIGINT or SIGTERM ends it")
      .flag("--reliable", options.reliable,
            "lose nothing: while this service is behind, or stopped, video-service waits, then leaves watches "
            "unpublished")
      .option("--save-interval", "MS", milliseconds_between(options.save_interval, 0, hour_ms),
              "while many events come, time between two transactions of the state")
      .option("--work", "MS", milliseconds_between(options.work, 0, hour_ms),
              "how long this service works at each event, to look at it meanwhile")
      .option("--serve", "SOCKET", text_value(options.serve),
              "do not use the bus: answer calls on this Unix socket, one after another")
      .option("--service-time", "MS", milliseconds_between(options.service_time, 0, hour_ms),
              "with --serve, how long each call takes");
}

}  // namespace streaming
