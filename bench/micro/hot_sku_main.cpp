// Sells one SKU out through its shard, in process and without HTTP, every sale synced to disk:
// souk-hot-sku [--units N] [--attempts N] [--in-flight N] [--data FOLDER]
//
// Every attempt takes one unit under an idempotency key of its own. The verdict is red unless
// exactly the units that were there are sold, the stock is zero and the ledger says the same.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/client.hpp"
#include "actors/node.hpp"

using namespace souk;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kPatience{60};
const engine::Sku kSku{"HOT-1"};

struct Flags {
  std::uint64_t units = 100'000;
  std::uint64_t attempts = 125'000;
  std::uint64_t in_flight = 1024;
  std::filesystem::path data;
};

/// The client's thread is this one: whatever is posted runs in run_until().
class Loop {
public:
  void post(actors::Client::Task task) {
    {
      const std::lock_guard lock{mutex_};
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
  }
  void run_until(const std::function<bool()>& done) {
    std::deque<actors::Client::Task> ready;
    while (!done()) {
      {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return !tasks_.empty(); });
        ready.swap(tasks_);
      }
      for (auto& task : ready) task();
      ready.clear();
    }
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<actors::Client::Task> tasks_;
};

engine::Timestamp now() {
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  return engine::Timestamp{std::chrono::duration_cast<std::chrono::microseconds>(time).count()};
}

actors::RequestContext context() {
  return {steady_clock::now() + kPatience, {}, "req_hot"};
}

double cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

template <class T>
T wait_for(Loop& loop, const std::function<void(actors::Callback<T>)>& ask) {
  std::optional<engine::Result<T>> result;
  ask([&](actors::Reply<T> reply) { result.emplace(std::move(reply.result)); });
  loop.run_until([&] { return result.has_value(); });
  if (!*result) {
    std::fprintf(stderr, "souk-hot-sku: %s\n", result->error().detail.c_str());
    std::exit(1);
  }
  return std::move(**result);
}

void put_product(Loop& loop, actors::Client& client, std::uint64_t units) {
  engine::PutProduct put;
  put.product.id = engine::ProductId{"hot"};
  put.product.title = "What everybody wants";
  engine::Variant variant;
  variant.sku = kSku;
  variant.price = {500, *engine::Currency::parse("EUR")};
  variant.stock = engine::Quantity{static_cast<std::int64_t>(units)};
  put.product.variants.push_back(std::move(variant));
  put.now = now();
  wait_for<actors::ProductPutReply>(
      loop, [&](auto done) { client.put_product(context(), std::move(put), std::move(done)); });
}

struct Sale {
  std::uint64_t sold = 0;
  std::uint64_t refused = 0;
  std::uint64_t failed = 0;
  std::vector<std::uint32_t> latencies;  // microseconds, of the sold
};

void sell(Loop& loop, actors::Client& client, const Flags& flags, Sale& sale) {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::function<void()> next = [&] {
    if (sent == flags.attempts) return;
    engine::AdjustStock take;
    take.sku = kSku;
    take.delta = engine::Quantity{-1};
    take.reason = "sold";
    take.idempotency = {"hot-" + std::to_string(++sent), sent, "req_hot"};
    take.now = now();
    const auto asked = steady_clock::now();
    client.adjust_stock(
        context(), std::move(take), [&, asked](actors::Reply<engine::SkuEntry> reply) {
          ++answered;
          if (reply.result) {
            ++sale.sold;
            const auto taken = steady_clock::now() - asked;
            sale.latencies.push_back(static_cast<std::uint32_t>(
                std::chrono::duration_cast<std::chrono::microseconds>(taken).count()));
          } else if (reply.result.error().code == engine::Errc::insufficient_stock ||
                     reply.result.error().code == engine::Errc::stock_held) {
            ++sale.refused;
          } else {
            ++sale.failed;
            std::fprintf(stderr, "souk-hot-sku: %s\n", reply.result.error().detail.c_str());
          }
          next();
        });
  };
  for (std::uint64_t i = 0; i < flags.in_flight; ++i) next();
  loop.run_until([&] { return answered == flags.attempts; });
}

/// What the ledger says was sold; the newest pages suffice to see that the levels chain.
bool ledger_right(Loop& loop, actors::Client& client, std::uint64_t units) {
  const auto page = wait_for<actors::LedgerPage>(
      loop, [&](auto done) { client.ledger(context(), kSku, 0, 1000, std::move(done)); });
  std::int64_t sold = 0;
  for (const engine::LedgerEntry& entry : page.entries) sold -= entry.delta.units();
  const auto wanted = std::min<std::uint64_t>(units, page.entries.size());
  return page.entry.stock.on_hand.units() == 0 && sold == static_cast<std::int64_t>(wanted);
}

int run(const Flags& flags) {
  actors::NodeConfig config;
  config.data = flags.data;
  auto node = actors::Node::start(config);
  if (!node) {
    std::fprintf(stderr, "souk-hot-sku: %s\n", node.error().detail.c_str());
    return 1;
  }
  Loop loop;
  bool green = false;
  {
    actors::Client client{**node, [&](actors::Client::Task task) { loop.post(std::move(task)); }};
    put_product(loop, client, flags.units);
    Sale sale;
    sale.latencies.reserve(flags.units);
    const double cpu = cpu_seconds();
    const auto begin = steady_clock::now();
    sell(loop, client, flags, sale);
    const std::chrono::duration<double> taken = steady_clock::now() - begin;
    const double used = cpu_seconds() - cpu;
    std::sort(sale.latencies.begin(), sale.latencies.end());
    const auto percentile = [&](double share) {
      if (sale.latencies.empty()) return 0.0;
      const auto last = static_cast<double>(sale.latencies.size() - 1);
      return sale.latencies[static_cast<std::size_t>(share * last)] / 1000.0;
    };
    const auto attempts = static_cast<double>(flags.attempts);
    std::printf(
        "hot SKU in process: %.0f attempts/s, %.0f sold/s, %llu in flight, p50 %.2f ms, p99 %.2f "
        "ms, %.1f us CPU an attempt (generator included)\n",
        attempts / taken.count(), static_cast<double>(sale.sold) / taken.count(),
        static_cast<unsigned long long>(flags.in_flight), percentile(0.5), percentile(0.99),
        used * 1e6 / attempts);
    const std::uint64_t wanted = std::min(flags.units, flags.attempts);
    green = sale.sold == wanted && sale.failed == 0 && sale.refused == flags.attempts - wanted &&
            (flags.attempts < flags.units || ledger_right(loop, client, flags.units));
    std::printf("verdict: %s (%llu of %llu units sold, %llu refused)\n", green ? "GREEN" : "RED",
                static_cast<unsigned long long>(sale.sold),
                static_cast<unsigned long long>(flags.units),
                static_cast<unsigned long long>(sale.refused));
  }
  (*node)->stop(std::chrono::seconds{10});
  return green ? 0 : 1;
}

std::optional<Flags> parse(int count, char** values) {
  Flags flags;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (i + 1 == count) return std::nullopt;
    const char* value = values[++i];
    if (name == "--data") {
      flags.data = value;
    } else if (name == "--units") {
      flags.units = std::strtoull(value, nullptr, 10);
    } else if (name == "--attempts") {
      flags.attempts = std::strtoull(value, nullptr, 10);
    } else if (name == "--in-flight") {
      flags.in_flight = std::strtoull(value, nullptr, 10);
    } else {
      return std::nullopt;
    }
  }
  if (flags.in_flight == 0 || flags.units == 0 || flags.attempts == 0) return std::nullopt;
  return flags;
}

}  // namespace

int main(int count, char** values) {
  auto flags = parse(count, values);
  if (!flags) {
    std::fputs(
        "usage: souk-hot-sku [--units N] [--attempts N] [--in-flight N] [--data FOLDER]\n"
        "Sells one SKU out through its shard, in process, every sale synced.\n"
        "FOLDER must not hold a shop; without it a temporary folder is used and removed.\n",
        stderr);
    return 2;
  }
  const bool temporary = flags->data.empty();
  if (temporary) {
    std::string name = (std::filesystem::temp_directory_path() / "souk-hot-sku.XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      std::perror("souk-hot-sku: cannot make a folder");
      return 1;
    }
    flags->data = name;
  }
  const int code = run(*flags);
  if (temporary) std::filesystem::remove_all(flags->data);
  return code;
}
