// The end of each public header: restores the macros that header_begin.hpp hid.

#pragma pop_macro("Always")
#pragma pop_macro("Success")
#pragma pop_macro("None")
#pragma pop_macro("False")
#pragma pop_macro("True")
#pragma pop_macro("Bool")
#pragma pop_macro("Status")
#pragma pop_macro("emit")
#pragma pop_macro("signals")
#pragma pop_macro("slots")
