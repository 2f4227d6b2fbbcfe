#include <fmt/format.h>

#include <memory>
#include <string>

#include "output.hpp"
#include "shmbus/inspector.hpp"
#include "shmbus/shmbus.hpp"
#include "suggestion.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

int run(const std::string& bus_name, const std::string& name) {
  if (Bus::open(bus_name, {.create = false}).forget(name)) {
    Output out;
    out.text() = fmt::format("forgot durable subscription '{}' of bus '{}'\n", name, bus_name);
    out.flush();
    return 0;
  }
  std::vector<std::string> names;
  std::string list;
  for (const DurableSnapshot& d : Inspector{bus_name}.durables()) {
    names.push_back(d.name);
    list += (list.empty() ? "" : ", ") + d.name;
  }
  throw Error(ErrorCode::not_found,
              {fmt::format("durable subscription '{}' of bus '{}'", name, bus_name), "", "does not exist",
               names.empty() ? "there are none" : "names here: " + list + suggestion(name, names)});
}

}  // namespace

void add_forget(CommandLine& line, const ChosenBus& bus) {
  const auto name = std::make_shared<std::string>();
  line.verb("forget", "Forget a durable subscription, with its positions")
      .argument("NAME", text_value(*name), "Its durable name")
      .explain(
          R"(Whoever opens the name next begins where its own start says, as under a new name. It refuses while a subscriber
holds the name. Events are not touched.

Example:
  shmbus forget billing)")
      .action([name, &bus] { return run(bus.name, *name); });
}

}  // namespace shmbus::tool
