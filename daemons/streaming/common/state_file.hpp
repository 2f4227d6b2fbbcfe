#pragma once

#include <filesystem>
#include <string>

#include "common/stream_position.hpp"

namespace streaming {

class Reaction;

/// What a service would lose if it were killed: its position in the stream and all that it has counted so far, as of
/// the same event. The file is replaced as a whole: whoever finds it finds one of the states that were saved, never a
/// mixture. So a service that goes on after it, and handles the events that follow once more, comes to exactly the same
/// counts.
class StateFile {
 public:
  StateFile(std::filesystem::path path, std::string service);

  /// False if there is no file yet. Throws where there is one that cannot be used.
  bool load(StreamPosition& position, Reaction& reaction) const;

  /// Throws where it cannot be written; the state saved before then stays.
  void save(const StreamPosition& position, const Reaction& reaction) const;

 private:
  std::filesystem::path path_;
  std::string service_;
};

}  // namespace streaming
