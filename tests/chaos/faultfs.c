// Preloaded into a node: makes fsync or write of files under FAULT_DIR slow or fail, as the file
// FAULT_CTL says at that moment: "fsync ERRNO PROBABILITY MILLISECONDS" or "write ...".
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
static int mine(int fd) {
  char l[64], p[PATH_MAX];
  const char* d = getenv("FAULT_DIR");
  if (!d) return 0;
  snprintf(l, sizeof l, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(l, p, sizeof p - 1);
  if (n >= 0) p[n] = 0;
  return n >= 0 && strncmp(p, d, strlen(d)) == 0;
}
static int fault(const char* op, int fd) {
  int saved = errno, e = 0;
  double pr = 0, ms = 0;
  char k[16] = "";
  if (mine(fd)) {
    FILE* f = fopen(getenv("FAULT_CTL"), "r");
    if (f) {
      if (fscanf(f, "%15s %d %lf %lf", k, &e, &pr, &ms) != 4 || strcmp(k, op)) e = 0, ms = 0;
      fclose(f);
    }
    if (ms > 0) {
      struct timespec t = {ms / 1000, (long)(ms * 1e6) % 1000000000};
      nanosleep(&t, 0);
    }
    if (e && drand48() >= pr) e = 0;
  }
  errno = saved;
  return e;
}
#define REAL(f)               \
  static __typeof__(f)* real; \
  if (!real) real = dlsym(RTLD_NEXT, #f)
#define SYNC(f)                  \
  int f(int fd) {                \
    REAL(f);                     \
    int e = fault("fsync", fd);  \
    if (e) return errno = e, -1; \
    return real(fd);             \
  }
SYNC(fsync) SYNC(fdatasync) ssize_t write(int fd, const void* b, size_t n) {
  REAL(write);
  int e = fault("write", fd);
  if (e) return errno = e, -1;
  return real(fd, b, n);
}
ssize_t pwrite64(int fd, const void* b, size_t n, off64_t o) {
  REAL(pwrite64);
  int e = fault("write", fd);
  if (e) return errno = e, -1;
  return real(fd, b, n, o);
}
ssize_t pwrite(int fd, const void* b, size_t n, off_t o) {
  return pwrite64(fd, b, n, o);
}
