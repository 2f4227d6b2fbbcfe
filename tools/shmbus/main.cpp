#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <string>
#include <system_error>

#include "message.hpp"
#include "output.hpp"
#include "shmbus/error.hpp"
#include "signals.hpp"
#include "verb.hpp"

namespace shmbus::tool {
namespace {

constexpr int failure = 1;
constexpr int usage = 2;

/// A caller may have closed 0, 1 or 2: a segment must not be opened there, where text would be written into it.
void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The wrong direction, so that using it fails as if it were still closed.
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
  }
}

int print_and_succeed(const std::string& text) {
  Output out;
  out.text() = text;
  out.flush();
  return 0;
}

int refuse(const std::string& what, const std::string& help) {
  complain(what + "; see " + help);
  return usage;
}

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
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print_and_succeed(program.help());  // of the verb, if there is one
  } catch (const CLI::CallForVersion& version) {
    return print_and_succeed(std::string{version.what()} + '\n');
  } catch (const CLI::ParseError& error) {
    const auto chosen = program.get_subcommands();
    if (chosen.empty()) return refuse(error.what(), "shmbus --help");
    return refuse(error.what(), "shmbus " + chosen.front()->get_name() + " --help");
  }
  for (const Verb& verb : verbs) {
    if (verb.app->parsed()) return verb.run();
  }
  return refuse("A verb is required, for example ls, sub or doctor", "shmbus --help");
}

bool is_usage(ErrorCode code) { return code == ErrorCode::invalid_name || code == ErrorCode::invalid_option; }

}  // namespace
}  // namespace shmbus::tool

int main(int argc, char** argv) {
  using namespace shmbus::tool;
  occupy_standard_descriptors();
  // A node leaves in order although nobody reads its output any more; the signal's default action comes after that.
  const bool pipe_kills = std::signal(SIGPIPE, SIG_IGN) != SIG_IGN;
  int status = failure;
  try {
    status = run(argc, argv);
  } catch (const shmbus::Error& error) {
    complain(error.what());
    status = is_usage(error.code()) ? usage : failure;
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::broken_pipe && received_signal() == 0 && pipe_kills) end_by(SIGPIPE);
    complain(error.what());
  } catch (const std::exception& error) {
    complain(error.what());
  }
  if (received_signal() != 0) end_by(received_signal());
  return status;
}
