// A switch between network namespaces that delays, loses, doubles and spoils what it carries, by
// rules per direction. Arguments: tap devices. Commands on stdin:
//   set SRC DST delay_ms jitter_ms loss dup corrupt     (* for all)
//   seed N
#include <bits/stdc++.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
struct Rule {
  double delay = 0, jitter = 0, loss = 0, dup = 0, corrupt = 0;
};
struct Pkt {
  double at;
  unsigned long seq;
  int dst;
  std::string data;
  bool operator<(const Pkt& o) const { return at != o.at ? at > o.at : seq > o.seq; }
};
static double now() {
  return std::chrono::duration<double, std::milli>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
int main(int argc, char** argv) {
  int n = argc - 1;
  std::vector<pollfd> p(n + 1);
  for (int i = 0; i < n; ++i) {
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    ifreq r{};
    r.ifr_flags = IFF_TAP | IFF_NO_PI;
    strncpy(r.ifr_name, argv[i + 1], IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &r) < 0) return perror(argv[i + 1]), 1;
    p[i] = {fd, POLLIN, 0};
  }
  p[n] = {0, POLLIN, 0};
  setvbuf(stdin, nullptr, _IONBF, 0);
  std::vector<std::vector<Rule>> rule(n, std::vector<Rule>(n));
  std::map<std::string, int> fdb;
  std::priority_queue<Pkt> q;
  std::mt19937_64 rng{1};
  unsigned long seq = 0;
  char buf[65536];
  auto u = [&] { return std::uniform_real_distribution<>(0, 1)(rng); };
  auto send = [&](int s, int d, std::string f) {
    Rule& r = rule[s][d];
    if (u() < r.loss) return;
    if (u() < r.corrupt && f.size() > 40) f[34 + rng() % (f.size() - 34)] ^= 1 << rng() % 8;
    for (int c = 1 + (u() < r.dup); c--;) q.push({now() + r.delay + r.jitter * u(), seq++, d, f});
  };
  for (;;) {
    poll(p.data(), p.size(), q.empty() ? -1 : std::max(0, int(q.top().at - now() + 0.5)));
    while (!q.empty() && q.top().at <= now()) {
      if (write(p[q.top().dst].fd, q.top().data.data(), q.top().data.size()) < 0) {
      }
      q.pop();
    }
    for (int i = 0; i < n; ++i)
      for (;;) {
        ssize_t k = read(p[i].fd, buf, sizeof buf);
        if (k < 14) break;
        std::string f(buf, k);
        fdb[f.substr(6, 6)] = i;
        auto it = fdb.find(f.substr(0, 6));
        if (it != fdb.end())
          send(i, it->second, f);
        else
          for (int d = 0; d < n; ++d)
            if (d != i) send(i, d, f);
      }
    if (!p[n].revents) continue;
    char a[9], b[9];
    Rule r;
    unsigned long sd;
    if (!fgets(buf, sizeof buf, stdin)) {
      p[n].fd = -1;
      continue;
    }
    if (sscanf(buf, "seed %lu", &sd) == 1)
      rng.seed(sd);
    else if (sscanf(buf, "set %8s %8s %lf %lf %lf %lf %lf", a, b, &r.delay, &r.jitter, &r.loss,
                    &r.dup, &r.corrupt) >= 2)
      for (int s = 0; s < n; ++s)
        for (int d = 0; d < n; ++d)
          if ((*a == '*' || atoi(a) == s) && (*b == '*' || atoi(b) == d)) rule[s][d] = r;
  }
}
