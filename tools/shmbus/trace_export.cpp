#include "trace_export.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>
#include <system_error>

#include "http_post.hpp"
#include "http_url.hpp"
#include "otlp.hpp"
#include "otlp_reply.hpp"
#include "output.hpp"
#include "perfetto.hpp"
#include "quantity_text.hpp"

namespace shmbus::tool {
namespace {

void write_file(const std::string& to, const std::string& text) {
  if (to == "-") {
    Output out;
    out.text() = text + '\n';
    out.flush();
    return;
  }
  errno = 0;
  std::ofstream file{to, std::ios::binary | std::ios::trunc};
  file << text << '\n';
  file.close();
  if (!file) throw std::system_error(errno != 0 ? errno : EIO, std::generic_category(), to);
}

}  // namespace

std::string export_otlp(std::span<const tracing::Trace> traces, const std::string& to, Time now) {
  const bool send = tracing::is_url(to);
  const tracing::HttpUrl url = send ? tracing::parse_otlp_url(to) : tracing::HttpUrl{};
  const tracing::OtlpDocument document = tracing::otlp_document(traces, now);
  const std::string what = counted(document.spans, "span") + " of " + counted(traces.size(), "trace");
  if (!send) {
    write_file(to, document.json);
    return fmt::format("wrote {} to {}", what, to);
  }
  const tracing::OtlpReply reply = tracing::read_otlp_reply(tracing::http_post(url, "application/json", document.json));
  if (!reply.taken)
    throw std::runtime_error(fmt::format("{} did not take {}: {}{}", to, what, reply.words,
                                         reply.try_again ? "; try again later" : ""));
  if (reply.rejected_spans != 0) throw std::runtime_error(fmt::format("{}: sent {}, and {}", to, what, reply.words));
  return fmt::format("sent {} to {}{}{}", what, to, reply.words.empty() ? "" : ", which says: ", reply.words);
}

std::string export_perfetto(std::span<const tracing::Trace> traces, const std::string& to, Time now) {
  const tracing::PerfettoDocument document = tracing::perfetto_document(traces, now);
  write_file(to, document.json);
  std::string done = fmt::format("wrote {} and {} of {} to {}", counted(document.slices, "slice"),
                                 counted(document.arrows, "arrow"), counted(traces.size(), "trace"), to);
  if (document.arrows_left_out != 0)
    done += fmt::format("; {} left out, because their calls began before their events", counted(document.arrows_left_out, "arrow"));
  return done;
}

}  // namespace shmbus::tool
