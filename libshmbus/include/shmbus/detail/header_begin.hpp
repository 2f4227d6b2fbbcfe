// Each public header includes this after its own includes, and header_end.hpp at its end. No `#pragma once`: both are
// included many times.
//
// It hides macros of other libraries that have the same name as something in a public header, now or later: slots,
// signals and emit of Qt, the others of Xlib. So a program may include Qt or Xlib before or after our headers. A
// program that itself writes such a name, for example shmbus::Status, needs an `#undef` for it there.

#if __cplusplus < 202002L
#error "shmbus needs C++20: compile with -std=c++20 (CMake: target_compile_features(TARGET PRIVATE cxx_std_20))"
#include "shmbus/see_the_error_above"  // no such file: the compiler stops here, instead of adding a hundred errors
#endif

#pragma push_macro("slots")
#undef slots
#pragma push_macro("signals")
#undef signals
#pragma push_macro("emit")
#undef emit
#pragma push_macro("Status")
#undef Status
#pragma push_macro("Bool")
#undef Bool
#pragma push_macro("True")
#undef True
#pragma push_macro("False")
#undef False
#pragma push_macro("None")
#undef None
#pragma push_macro("Success")
#undef Success
#pragma push_macro("Always")
#undef Always
