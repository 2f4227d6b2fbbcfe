#include <string>

#include "command_line.hpp"
#include "program.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

int run(int argc, char** argv) {
  ChosenBus bus;
  CommandLine line("shmbus", SHMBUS_VERSION, "Publish, read and look at the events of a shmbus bus.",
                   {.synonyms = {{"list", "ls"},
                                 {"show", "info"},
                                 {"publish", "pub"},
                                 {"send", "pub"},
                                 {"echo", "sub"},
                                 {"listen", "sub"},
                                 {"subscribe", "sub"},
                                 {"create", "topic"},
                                 {"clean", "gc"},
                                 {"delete", "rm"},
                                 {"remove", "rm"},
                                 {"follow", "trace"},
                                 {"check", "doctor"}},
                    .examples = "ls, sub or doctor"});
  Value chosen = text_value(bus.name);
  chosen.read = [&bus](const std::string& word) {
    bus = {.name = word, .given = true};
    return std::string{};
  };
  line.program().option("-b,--bus", "NAME", "SHMBUS_BUS", std::move(chosen), "The bus, before or after the verb");
  line.program().explain(R"(First steps, in two terminals:
  shmbus sub '>'
  shmbus pub hello.world hi

shmbus VERB --help explains a verb, and shmbus(1) all. Exit status: 0 good, 1 failed or, of doctor, a fault was
found, 2 wrong arguments.)");
  add_ls(line, bus);
  add_info(line, bus);
  add_ports(line, bus);
  add_stat(line, bus);
  add_pub(line, bus);
  add_sub(line, bus);
  add_hz(line, bus);
  add_tail(line, bus);
  add_replay(line, bus);
  add_trace(line, bus);
  add_topic(line, bus);
  add_journal(line, bus);
  add_who(line, bus);
  add_durable(line, bus);
  add_groups(line, bus);
  add_group(line, bus);
  add_take(line, bus);
  add_dead(line, bus);
  add_doctor(line, bus);
  add_gc(line, bus);
  add_forget(line, bus);
  add_rm(line, bus);
  line.explain_verbs("\n\nThe bus is named by --bus or SHMBUS_BUS; see shmbus --help.");
  return line.run(argc, argv);
}

}  // namespace
}  // namespace shmbus::tool

int main(int argc, char** argv) {
  return shmbus::tool::run_program([&] { return shmbus::tool::run(argc, argv); });
}
