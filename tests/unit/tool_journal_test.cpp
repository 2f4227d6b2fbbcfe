// What the tool says of journals and of the processes that record.

#include <cerrno>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "finding.hpp"
#include "journal_json.hpp"
#include "journal_report.hpp"
#include "journal_text.hpp"

using namespace shmbus;
using namespace std::chrono_literals;
using tool::Finding;

namespace {

BusSnapshot bus_with(const JournalSnapshot& journal) {
  BusSnapshot bus;
  bus.name = "shop";
  TopicSnapshot topic;
  topic.info.name = "orders";
  topic.info.journal = Journal::batch();
  topic.journal = journal;
  bus.topics.push_back(topic);
  return bus;
}

JournalSnapshot good() {
  JournalSnapshot j;
  j.state = RecorderState::recording;
  j.node = 3;
  j.pid = 4711;
  j.program = "shmbusd";
  j.alive = true;
  return j;
}

}  // namespace

TEST_CASE("a policy is read as it is written", "[tool]") {
  Journal journal = Journal::none();
  CHECK(tool::parse_journal("interval:10ms", journal).empty());
  CHECK(journal == Journal::interval(10ms));
  CHECK(tool::parse_journal("page-cache", journal).empty());
  CHECK(journal == Journal::page_cache());
  CHECK(tool::parse_journal("batch", journal).empty());
  CHECK(journal == Journal::batch());
  for (const char* wrong : {"", "Batch", "interval", "interval:", "interval:0ms", "interval:2h", "interval:x"}) {
    CAPTURE(wrong);
    CHECK_FALSE(tool::parse_journal(wrong, journal).empty());
    CHECK(journal == Journal::batch());
  }
}

TEST_CASE("doctor finds nothing in a journal that is recorded", "[tool]") {
  CHECK(tool::examine_journals(bus_with(good())).empty());
}

TEST_CASE("doctor names each trouble of a journal", "[tool]") {
  JournalSnapshot j = good();
  const auto only_fault = [&] {
    const auto findings = tool::examine_journals(bus_with(j));
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == Finding::Kind::fault);
    CHECK_FALSE(findings[0].remedy.empty());
    return findings[0].text;
  };
  SECTION("nobody records") {
    j = {};
    j.unrecorded = 7;
    CHECK_THAT(only_fault(), Catch::Contains("no process records it, 7 events not on disk"));
  }
  SECTION("a write failed") {
    j.state = RecorderState::failed;
    j.error = ENOSPC;
    j.failures = 2;
    CHECK_THAT(only_fault(),
               Catch::Contains("shmbusd (pid 4711) could not write its journal: No space left on device"));
  }
  SECTION("low space") {
    j.state = RecorderState::low_space;
    j.free_bytes = 1024;
    CHECK_THAT(only_fault(), Catch::Contains("1.0 KiB free on the disk"));
  }
  SECTION("publishers wait") {
    j.holding = true;
    j.unrecorded = 9;
    CHECK_THAT(only_fault(), Catch::Contains("holds publishers back, 9 events behind"));
  }
  SECTION("events are missing") {
    j.missing = 3;
    j.missing_end = 12;
    CHECK_THAT(only_fault(), Catch::Contains("misses 3 events, the last one is number 12"));
  }
}

TEST_CASE("a topic whose events are all on disk and that nobody records gets a note", "[tool]") {
  const auto findings = tool::examine_journals(bus_with({}));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].kind == Finding::Kind::note);
}

TEST_CASE("what verify found is reported range by range", "[tool]") {
  JournalReport report;
  report.files = 2;
  report.events = 5;
  report.first = 1;
  report.last = 20;
  CHECK_THAT(tool::verification_text("shop", "orders", report),
             Catch::StartsWith("bus 'shop', topic 'orders': whole: 5 events, numbers 1 to 20, in 2 files"));
  report.damage.push_back({"f.events", 4096, {4, 6}});
  report.missing.push_back({8, 8});
  report.gaps.push_back({10, 12});
  report.remarks.push_back({"topic", "is damaged"});
  const std::string text = tool::verification_text("shop", "orders", report);
  CHECK_THAT(text, Catch::Contains("NOT WHOLE"));
  CHECK_THAT(text, Catch::Contains("damaged: numbers 4 to 6, in f.events at byte 4096\n"));
  CHECK_THAT(text, Catch::Contains("missing: number 8:"));
  CHECK_THAT(text, Catch::Contains("gap: numbers 10 to 12:"));
  CHECK_THAT(text, Catch::Contains("file topic: is damaged\n"));
  const auto json = nlohmann::json::parse(tool::verification_json("shop", "orders", report));
  CHECK(json["whole"] == false);
  CHECK(json["damage"][0]["last"] == 6);
  CHECK(json["gaps"][0]["first"] == 10);
}

TEST_CASE("JSON of a topic without a journal is null, else it has the watermarks", "[tool]") {
  CHECK(tool::journal_json(TopicSnapshot{}).is_null());
  JournalSnapshot j = good();
  j.recorded = 12;
  j.durable = 10;
  const auto json = tool::journal_json(bus_with(j).topics[0]);
  CHECK(json["policy"] == "batch");
  CHECK(json["state"] == "recording");
  CHECK(json["recorded"] == 12);
  CHECK(json["durable"] == 10);
  CHECK(json["error"].is_null());
}
