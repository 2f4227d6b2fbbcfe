// Loads the shared object that its argument names, and calls it. Knows nothing of shmbus.

#include <dlfcn.h>

#include <cstdio>

int main(int argc, char** argv) {
  void* plug_in = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
  void* function = plug_in != nullptr ? dlsym(plug_in, "publish_and_read") : nullptr;
  if (function == nullptr) {
    const char* error = dlerror();
    std::fprintf(stderr, "plug_in_host: %s\n", error != nullptr ? error : "expected one shared object");
    return 2;
  }
  return reinterpret_cast<int (*)()>(function)();
}
