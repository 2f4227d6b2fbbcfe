#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "support/log_fixture.hpp"

namespace test {

using Sequences = std::vector<std::uint64_t>;

inline constexpr std::size_t kBatchEventSize = 8;
inline constexpr std::size_t kBatchEventStride = 32;  // with time stamps

/// All sequences from the first to the last.
inline Sequences from_to(std::uint64_t first, std::uint64_t last) {
  Sequences all;
  for (; first <= last; ++first) all.push_back(first);
  return all;
}

/// The result of publishing a batch.
struct BatchOutcome {
  shmbus::Status status;
  std::size_t published;
  std::uint64_t first;
  Sequences sequences;
};

/// Publishes the texts as one batch, of which the first `already` are published.
inline BatchOutcome publish_all(TestPublisher& p, const std::vector<std::string>& texts, std::size_t already = 0) {
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  BatchOutcome outcome{shmbus::Status::ok, 0, 0, Sequences(texts.size())};
  shmbus::log::Batch batch{shmbus::detail::Payloads(std::span<const std::string_view>(views)), outcome.sequences};
  batch.published = already;
  outcome.status = p.writer->publish_all(batch);
  outcome.published = batch.published;
  outcome.first = batch.first_sequence;
  return outcome;
}

/// Texts of one size, each of another letter.
inline std::vector<std::string> texts_of(std::size_t count, std::size_t size = kBatchEventSize) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.emplace_back(size, static_cast<char>('a' + i % 26));
  return texts;
}

}  // namespace test
