#include "measure/percentile_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <system_error>

namespace shmbus::measure {

namespace {

constexpr double kLeft = 80, kTop = 50, kPlotWidth = 760, kPlotHeight = 420, kLine = 20;
constexpr std::array kColours = {"#1b6ca8", "#d1495b", "#3a8f5c", "#e09f3e", "#7a4fa3",
                                 "#5c6b73", "#00a6a6", "#b5651d", "#8a8d00", "#c2185b"};

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else
      result += c;
  }
  return result;
}

std::string label(double ns) {
  if (ns < 1e3) return fmt::format("{:g} ns", ns);
  if (ns < 1e6) return fmt::format("{:g} µs", ns / 1e3);
  if (ns < 1e9) return fmt::format("{:g} ms", ns / 1e6);
  return fmt::format("{:g} s", ns / 1e9);
}

/// Where points lie: nines to the right, decades of nanoseconds upwards.
class Scale {
 public:
  explicit Scale(const std::vector<std::pair<std::string, std::vector<CurvePoint>>>& curves) {
    double low = 1e18;
    double high = 1;
    for (const auto& [name, points] : curves) {
      for (const CurvePoint& point : points) {
        nines_ = std::max(nines_, nines(point.share));
        if (point.value > 0) low = std::min(low, point.value);
        high = std::max(high, point.value);
      }
    }
    first_ = std::floor(std::log10(std::min(low, high)));
    last_ = std::max(std::ceil(std::log10(high)), first_ + 1);
  }
  double x(double share) const { return kLeft + kPlotWidth * nines(share) / nines_; }
  double y(double ns) const {
    const double place = (std::log10(std::max(ns, std::pow(10, first_))) - first_) / (last_ - first_);
    return kTop + kPlotHeight * (1 - place);
  }
  double all_nines() const { return nines_; }
  double first() const { return first_; }
  double last() const { return last_; }

 private:
  static double nines(double share) { return -std::log10(std::max(1 - share, 1e-12)); }

  double nines_ = 1;
  double first_ = 0;
  double last_ = 1;
};

void draw_grid(std::ofstream& svg, const Scale& scale) {
  const double bottom = kTop + kPlotHeight;
  for (double decade = scale.first(); decade <= scale.last(); ++decade) {
    const double ns = std::pow(10, decade);
    svg << fmt::format("<line x1='{0}' x2='{1}' y1='{2:.1f}' y2='{2:.1f}' stroke='#ccc'/>\n", kLeft, kLeft + kPlotWidth,
                       scale.y(ns));
    svg << fmt::format("<text x='{}' y='{:.1f}' text-anchor='end'>{}</text>\n", kLeft - 8, scale.y(ns) + 4, label(ns));
    for (int minor = 2; minor < 10 && decade < scale.last(); ++minor) {
      svg << fmt::format("<line x1='{0}' x2='{1}' y1='{2:.1f}' y2='{2:.1f}' stroke='#eee'/>\n", kLeft,
                         kLeft + kPlotWidth, scale.y(ns * minor));
    }
  }
  for (double nines = 0; nines <= scale.all_nines(); ++nines) {
    const double share = 1 - std::pow(10, -nines);
    svg << fmt::format("<line x1='{0:.1f}' x2='{0:.1f}' y1='{1}' y2='{2}' stroke='#ccc'/>\n", scale.x(share), kTop,
                       bottom);
    svg << fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>{:.10g}%</text>\n", scale.x(share), bottom + 18,
                       share * 100);
  }
  svg << fmt::format("<rect x='{}' y='{}' width='{}' height='{}' fill='none' stroke='#555'/>\n", kLeft, kTop,
                     kPlotWidth, kPlotHeight);
}

}  // namespace

void write_percentile_plot(const std::string& path, const std::string& title,
                           const std::vector<std::pair<std::string, std::vector<CurvePoint>>>& curves) {
  const Scale scale(curves);
  const double width = kLeft + kPlotWidth + 40;
  const double height = kTop + kPlotHeight + 50 + kLine * static_cast<double>(curves.size());
  std::ofstream svg(path);
  svg << fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {0} {1}' width='{0}' height='{1}' "
      "font-family='sans-serif' font-size='12'>\n<rect width='100%' height='100%' fill='white'/>\n"
      "<text x='{2}' y='30' font-size='17'>{3}</text>\n",
      width, height, kLeft, escaped(title));
  draw_grid(svg, scale);
  double at = kTop + kPlotHeight + 44;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const char* colour = kColours[i % kColours.size()];
    svg << "<polyline fill='none' stroke-width='1.8' stroke='" << colour << "' points='";
    for (const CurvePoint& point : curves[i].second)
      svg << fmt::format("{:.1f},{:.1f} ", scale.x(point.share), scale.y(point.value));
    svg << "'/>\n";
    svg << fmt::format("<line x1='{}' x2='{}' y1='{}' y2='{}' stroke='{}' stroke-width='3'/>\n", kLeft, kLeft + 24,
                       at - 4, at - 4, colour);
    svg << fmt::format("<text x='{}' y='{}'>{}</text>\n", kLeft + 32, at, escaped(curves[i].first));
    at += kLine;
  }
  svg << "</svg>\n";
  svg.close();
  if (!svg) throw std::system_error(errno, std::generic_category(), "plot '" + path + "'");
}

}  // namespace shmbus::measure
