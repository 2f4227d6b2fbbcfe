// Which word a person may have meant.

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "suggestion.hpp"

using namespace shmbus::tool;

namespace {

const std::vector<std::string> verbs = {"ls",   "info",   "ports", "stat", "pub", "sub", "hz",
                                        "tail", "replay", "topic", "who",  "gc",  "rm"};

}  // namespace

TEST_CASE("the distance of two words counts letters added, removed, replaced and swapped", "[tool]") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "sub") == 3);
  CHECK(edit_distance("sub", "sub") == 0);
  CHECK(edit_distance("sub", "subb") == 1);
  CHECK(edit_distance("sub", "sb") == 1);
  CHECK(edit_distance("sub", "sun") == 1);
  CHECK(edit_distance("sub", "sbu") == 1);
  CHECK(edit_distance("stat", "tail") == 4 - 1);
}

TEST_CASE("a mistyped word is near the one that was meant", "[tool]") {
  CHECK(nearest("subb", verbs) == "sub");
  CHECK(nearest("pbu", verbs) == "pub");
  CHECK(nearest("prots", verbs) == "ports");
  CHECK(nearest("replya", verbs) == "replay");
  CHECK(nearest("topics", verbs) == "topic");
  CHECK(nearest("subscribe", verbs) == "sub");  // the word begins with a verb
  CHECK(nearest("rep", verbs) == "replay");     // the word is the begin of a verb
}

TEST_CASE("a word that is not near any verb gets no suggestion", "[tool]") {
  CHECK(nearest("frobnicate", verbs) == "");
  CHECK(nearest("", verbs) == "");
  CHECK(nearest("x", verbs) == "");
  CHECK(nearest(std::string(1000, 'x'), verbs) == "");
  CHECK(nearest("sub", std::vector<std::string>{}) == "");
}

TEST_CASE("a suggestion is a phrase, and a synonym is suggested before a near word", "[tool]") {
  const std::vector<Synonym> synonyms = {{"delete", "rm"}};
  CHECK(suggestion("subb", verbs) == " (did you mean 'sub'?)");
  CHECK(suggestion("delete", verbs, synonyms) == " (did you mean 'rm'?)");
  CHECK(suggestion("frobnicate", verbs, synonyms) == "");
}
