// What doctor prints.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "finding.hpp"

using namespace shmbus::tool;

TEST_CASE("a finding is followed by its remedy, and by a command to copy", "[tool]") {
  CHECK(finding_text({Finding::Kind::fault, "b", "left by dead processes: a node", "free it", "shmbus gc --bus b --yes"}) ==
        "fault: bus 'b': left by dead processes: a node\n  free it\n  $ shmbus gc --bus b --yes\n");
  CHECK(finding_text({Finding::Kind::note, "", "the machine is old", ""}) == "note: the machine is old\n");
}

TEST_CASE("a finding whose text names its bus gets no prefix with the bus", "[tool]") {
  CHECK(finding_text({Finding::Kind::fault, "b", "bus 'b': expected version 3, found version 77", ""}) ==
        "fault: bus 'b': expected version 3, found version 77\n");
}

TEST_CASE("a finding's command is null in JSON where there is none", "[tool]") {
  CHECK(nlohmann::json::parse(finding_json({Finding::Kind::note, "", "x", ""}))["command"].is_null());
  CHECK(nlohmann::json::parse(finding_json({Finding::Kind::note, "", "x", "", "y"}))["command"] == "y");
}
