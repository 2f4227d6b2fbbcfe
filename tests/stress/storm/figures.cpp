#include "storm/figures.hpp"

#include <cstdio>

namespace storm {

namespace {

void line(const char* what, std::uint64_t figure, const std::string& more = "") {
  std::printf("  %-30s %12llu  %s\n", what, static_cast<unsigned long long>(figure), more.c_str());
}

void line_ms(const char* what, std::uint64_t ns) {
  std::printf("  %-30s %12.1f  ms\n", what, static_cast<double>(ns) / 1e6);
}

std::string of_each(const Board& board, Word TopicFigures::*figure, unsigned topics) {
  std::string text;
  for (unsigned topic = 0; topic < topics; ++topic) {
    text += (topic == 0 ? "" : ", ") + std::string(kTopics[topic]) + " " + std::to_string(board.topics[topic].*figure);
  }
  return text;
}

std::uint64_t sum(const Board& board, Word TopicFigures::*figure, unsigned topics) {
  std::uint64_t all = 0;
  for (unsigned topic = 0; topic < topics; ++topic) all += board.topics[topic].*figure;
  return all;
}

void line(const Board& board, const char* what, Word TopicFigures::*figure,
          unsigned topics = static_cast<unsigned>(kTopics.size())) {
  line(what, sum(board, figure, topics), of_each(board, figure, topics));
}

}  // namespace

void print_figures(const Conductor& conductor) {
  const Board& board = conductor.board();
  const Deeds& deeds = conductor.deeds();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - deeds.begin;
  std::printf("storm of %.1f s on bus %s\n", took.count(), conductor.bus().c_str());
  line("processes started", deeds.started);
  line("kills", conductor.kills());
  line("stops", conductor.stops());
  line(board, "events published and audited", &TopicFigures::events, kAudited);
  line(board, "sequences never committed", &TopicFigures::uncommitted, kAudited);
  line(board, "aborted loans", &TopicFigures::aborted, kAudited);
  line(board, "publishers killed", &TopicFigures::deaths);
  line(board, "claims repaired", &TopicFigures::repaired_claims);
  line(board, "ports repaired", &TopicFigures::repaired_ports);
  line(board, "blocks backed", &TopicFigures::blocks);
  line("sequences not audited", board.topics[kWild].events, kTopics[kWild]);
  line("  seen by the end", board.wild_seen);
  line("  lost by the end", board.wild_lost);
  line("claims stepped over", board.stepped_over);
  line("attaches", board.attaches);
  line("new topics heard to their end", board.new_topics);
  line("publishes balanced", board.receipts);
  line("retained events looked at", board.retained);
  line("ledgers balanced", board.ledgers);
  line("  seen", board.seen);
  line("  lost", board.lost);
  line("  of these never committed", board.excess);
  line_ms("publisher held up at most", board.held_publisher);
  line_ms("reliable reader held up", board.held_reliable);
  line_ms("lossy reader held up", board.held_lossy);
  line_ms("conductor, by forks and deaths", deeds.held);
  std::printf("ledgers of those that lived to the end\n  %-34s %12s %12s %12s %12s\n", "", "seen", "lost", "audited",
              "uncommitted");
  for (unsigned seat = 0; seat < conductor.roles().size(); ++seat) {
    if (!conductor.roles()[seat].keeps_ledger) continue;
    const Seat& at = board.seats[seat];
    std::printf("  %-34s %12llu %12llu %12llu %12llu\n", conductor.roles()[seat].name.c_str(),
                static_cast<unsigned long long>(at.seen), static_cast<unsigned long long>(at.lost),
                static_cast<unsigned long long>(at.audited), static_cast<unsigned long long>(at.uncommitted));
  }
}

}  // namespace storm
