#pragma once

#include <filesystem>
#include <string>

#include "common/stream_position.hpp"

namespace streaming {

class Reaction;

/// A service's saved state: its position in the stream and all that it has counted up to the same event. The file is
/// replaced as a whole, so it always holds one of the saved states, never a mixture. A service that resumes from it, and
/// handles the events that follow once more, comes to exactly the same counts.
class StateFile {
 public:
  StateFile(std::filesystem::path path, std::string service);

  /// Returns false if there is no file yet. Throws if there is one that cannot be used.
  bool load(StreamPosition& position, Reaction& reaction) const;

  /// Throws if the state cannot be written; the previous one then stays.
  void save(const StreamPosition& position, const Reaction& reaction) const;

 private:
  std::filesystem::path path_;
  std::string service_;
};

}  // namespace streaming
