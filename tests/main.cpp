#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

// What packaged libraries do that the presets asan and tsan would report; each file says why.
#ifdef __SANITIZE_ADDRESS__
extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options() {
  return "print_stacktrace=1:halt_on_error=1:suppressions=" SOUK_SOURCE_DIR
         "/tests/sanitizers/ubsan.txt";
}
#endif
#ifdef __SANITIZE_THREAD__
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() {
  return "second_deadlock_stack=1:suppressions=" SOUK_SOURCE_DIR "/tests/sanitizers/tsan.txt";
}
#endif
