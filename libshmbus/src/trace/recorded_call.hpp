#pragma once

#include <cstddef>
#include <exception>

#include "trace/call_recorder.hpp"

namespace shmbus::trace {

/// What a text says of an exception that has none.
inline constexpr const char* kNoException = "an object that is not a std::exception";

/// Calls `handle()`, and records it. What the handler throws passes through, and so does the unwinding of pthread_exit.
template <class Handle>
void record_call(CallRecorder& recorder, std::size_t lane, const detail::EventOrigin& origin,
                 const detail::EventRecord& event, Handle handle) {
  recorder.begin(lane, origin, event);
  try {
    handle();
  } catch (const std::exception& e) {
    recorder.keep_error(lane, e.what());
    recorder.end(lane, layout::CallEnd::threw);
    throw;
  } catch (...) {
    // pthread_exit and pthread_cancel unwind without an exception object.
    const bool thread_ends = std::current_exception() == nullptr;
    if (!thread_ends) recorder.keep_error(lane, kNoException);
    recorder.end(lane, thread_ends ? layout::CallEnd::ended_thread : layout::CallEnd::threw);
    throw;
  }
  recorder.end(lane, layout::CallEnd::returned);
}

}  // namespace shmbus::trace
