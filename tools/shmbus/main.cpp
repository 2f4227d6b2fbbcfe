#include <CLI/CLI.hpp>
#include <array>
#include <string>

#include "program.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

int run(int argc, char** argv) {
  std::string bus = "default";
  CLI::App program{"Publish, read and look at the events of a shmbus bus.", "shmbus"};
  program.set_version_flag("--version", "shmbus " SHMBUS_VERSION);
  program.add_option("-b,--bus", bus, "The bus, before or after the verb")
      ->type_name("NAME")
      ->envname("SHMBUS_BUS")
      ->capture_default_str();
  program.fallthrough();
  program.get_formatter()->label("SUBCOMMAND", "VERB");
  program.get_formatter()->label("Subcommands", "Verbs");
  program.require_subcommand(0, 1);  // so that a later word is never taken for a second verb
  program.footer(R"(First steps, in two terminals:
  shmbus sub '>'
  shmbus pub hello.world hi

shmbus VERB --help tells more about a verb, and shmbus(1) all. Exit status: 0 good, 1 failed or, of doctor,
a fault was found, 2 wrong arguments.)");
  const std::array verbs = {ls_verb(program, bus),   info_verb(program, bus),   ports_verb(program, bus),
                            stat_verb(program, bus), pub_verb(program, bus),    sub_verb(program, bus),
                            hz_verb(program, bus),   tail_verb(program, bus),   replay_verb(program, bus),
                            who_verb(program, bus),  doctor_verb(program, bus), gc_verb(program, bus),
                            rm_verb(program, bus)};
  for (const Verb& verb : verbs)
    verb.app->footer(verb.app->get_footer() + "\n\nThe bus is named by --bus or SHMBUS_BUS; see shmbus --help.");
  if (const auto status = parse(program, argc, argv)) return *status;
  for (const Verb& verb : verbs) {
    if (verb.app->parsed()) return verb.run();
  }
  return refuse("A verb is required, for example ls, sub or doctor", "shmbus --help");
}

}  // namespace
}  // namespace shmbus::tool

int main(int argc, char** argv) {
  return shmbus::tool::run_program([&] { return shmbus::tool::run(argc, argv); });
}
