#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "chosen_buses.hpp"
#include "finding.hpp"
#include "output.hpp"
#include "printable_text.hpp"
#include "quantity_text.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "standard_error.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

struct GcOptions {
  bool yes = false;
  bool json = false;
};

void print(std::string& out, const std::string& bus, const Leftover& leftover, const GcOptions& options) {
  if (!options.json) {
    out += fmt::format("bus '{}': {} {}\n", bus, options.yes ? "freed" : "would free", leftover_text(leftover));
    return;
  }
  nlohmann::ordered_json object;
  object["bus"] = bus;
  object["kind"] = to_string(leftover.kind);
  object["name"] = printable(leftover.name);
  object["node"] = leftover.node;
  object["pid"] = leftover.pid;
  object["program"] = printable(leftover.program);
  object["memory"] = leftover.memory;
  object["freed"] = options.yes;
  out += object.dump() + '\n';
}

/// Frees the files of a bus that no process can join, since its registry is gone or marked as removed.
void collect_ruins(std::string& out, const BusFiles& files, const GcOptions& options) {
  if (options.yes) Bus::remove(files.bus);
  if (!options.json) {
    out += fmt::format("bus '{}': {} {} ({}) of a bus that was removed\n", files.bus,
                       options.yes ? "freed" : "would free", counted(files.files, "file"), byte_count(files.memory));
    return;
  }
  nlohmann::ordered_json object;
  object["bus"] = files.bus;
  object["kind"] = "removed_bus";
  object["files"] = files.files;
  object["memory"] = files.memory;
  object["freed"] = options.yes;
  out += object.dump() + '\n';
}

/// What is freed: the leftovers that were there before and are gone now. Others may have freed some of them, and some may
/// still be there.
void collect(std::string& out, const BusFiles& files, const GcOptions& options) {
  Inspector inspector{files.bus};
  if (inspector.snapshot().removed) return collect_ruins(out, files, options);
  auto found = inspector.leftovers();
  std::erase_if(found, [](const Leftover& l) { return !l.reapable(); });
  if (found.empty()) return;
  if (options.yes) {
    Bus::open(files.bus).reap();
    const auto left = inspector.leftovers();
    std::erase_if(found, [&](const Leftover& l) {
      return std::any_of(left.begin(), left.end(), [&](const Leftover& other) {
        return other.kind == l.kind && other.node == l.node && other.name == l.name && other.port == l.port;
      });
    });
    for (const Leftover& l : left) {
      if (l.reapable())
        complain(fmt::format("bus '{}': could not free {}; try as its owner", files.bus, leftover_text(l)));
    }
  }
  for (const Leftover& l : found) print(out, files.bus, l, options);
}

int run(const ChosenBus& bus, const GcOptions& options) {
  Output out;
  int status = 0;
  for (const BusFiles& files : chosen_buses(bus)) {
    try {
      if (files.has_registry)
        collect(out.text(), files, options);
      else
        collect_ruins(out.text(), files, options);
    } catch (const Error& error) {
      complain(error.what());
      status = 1;
    }
  }
  const bool nothing = out.text().empty();
  out.flush();
  if (status == 0 && nothing) hint("nothing to collect");
  if (!nothing && !options.yes) hint("nothing was changed; give --yes to free it");
  return status;
}

}  // namespace

void add_gc(CommandLine& line, const ChosenBus& bus) {
  const auto options = std::make_shared<GcOptions>();
  line.verb("gc", "Free what dead processes left; without --yes only list it")
      .flag("-y,--yes", options->yes, "Free it, instead of only listing it")
      .flag("-j,--json", options->json, "One JSON object per line, memory in bytes")
      .explain(R"(On every bus of this machine, or the one that --bus or SHMBUS_BUS names: nodes, ports, claims, pins and
subscriptions of dead processes, topics that were half made or half removed, logs without a topic, files of
buses that were removed. Nothing of a live node is touched, and no event that can still be read: a bus whose
members are gone stays until shmbus rm. The members of a bus do the same by themselves, when it is in the way.

Examples:
  shmbus gc
  shmbus gc --bus streaming --yes)")
      .action([options, &bus] { return run(bus, *options); });
}

}  // namespace shmbus::tool
