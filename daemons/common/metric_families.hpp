#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

namespace shmbus::daemon {

using MetricLabels = std::vector<prometheus::ClientMetric::Label>;

/// The families in the order in which they were first named.
class MetricFamilies {
 public:
  void gauge(const char* name, const char* help, MetricLabels labels, double value) {
    add(name, help, prometheus::MetricType::Gauge, std::move(labels)).gauge.value = value;
  }
  void counter(const char* name, const char* help, MetricLabels labels, double value) {
    add(name, help, prometheus::MetricType::Counter, std::move(labels)).counter.value = value;
  }
  void histogram(const char* name, const char* help, MetricLabels labels, prometheus::ClientMetric::Histogram value) {
    add(name, help, prometheus::MetricType::Histogram, std::move(labels)).histogram = std::move(value);
  }
  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  prometheus::ClientMetric& add(const char* name, const char* help, prometheus::MetricType type, MetricLabels labels) {
    const auto [place, is_new] = places_.try_emplace(name, families_.size());
    if (is_new) families_.push_back({name, help, type, {}});
    prometheus::ClientMetric& metric = families_[place->second].metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, std::size_t> places_;
};

}  // namespace shmbus::daemon
