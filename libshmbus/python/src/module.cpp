#include "python.hpp"

PYBIND11_MODULE(_shmbus, m) {
  using namespace shmbus::python;
  m.doc() = "The part of shmbus that is written in C++. Import shmbus.";
  m.attr("version") = SHMBUS_VERSION;
  define_errors(m);
  define_types(m);
  define_events(m);
  define_event_copies(m);
  define_publishers(m);
  define_subscribers(m);
  define_subscriptions(m);
  define_buses(m);
  define_leases(m);
  define_groups(m);
  define_readers(m);
  define_journals(m);
  define_inspectors(m);
}
