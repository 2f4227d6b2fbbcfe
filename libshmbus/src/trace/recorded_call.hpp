#pragma once

#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include <cstddef>
#include <exception>

#include "trace/call_recorder.hpp"

namespace shmbus::trace {

/// What a text says of an exception that has none.
inline constexpr const char* kNoException = "an object that is not a std::exception";

/// Calls `handle()`, and records it. What the handler throws passes through, and so does the unwinding of pthread_exit.
/// A forced unwinding has no exception object, so the reference to it refers to null.
template <class Handle>
__attribute__((no_sanitize("null"))) void record_call(CallRecorder& recorder, std::size_t lane,
                                                      const detail::EventOrigin& origin, const detail::EventRecord& event,
                                                      Handle handle) {
  recorder.begin(lane, origin, event);
  try {
    handle();
#if defined(__GLIBCXX__)
  } catch (const abi::__forced_unwind&) {
    recorder.end(lane, layout::CallEnd::ended_thread);
    throw;
#endif
  } catch (const std::exception& e) {
    recorder.keep_error(lane, e.what());
    recorder.end(lane, layout::CallEnd::threw);
    throw;
  } catch (...) {
    recorder.keep_error(lane, kNoException);
    recorder.end(lane, layout::CallEnd::threw);
    throw;
  }
  recorder.end(lane, layout::CallEnd::returned);
}

}  // namespace shmbus::trace
