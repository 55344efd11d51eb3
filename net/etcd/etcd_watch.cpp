#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "net/etcd/etcd_coordinator.hpp"
#include "net/etcd/etcd_protocol.hpp"

namespace souk::net {

using engine::Result;
using storage::Coordinator;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kBackoffMin{50};
constexpr std::chrono::milliseconds kBackoffMax{2000};
constexpr std::chrono::seconds kCallMax{2};

/// A thread that follows a prefix: lists it where history is missing, streams changes else, and
/// begins again from the last revision it told whenever the stream breaks.
class EtcdWatch final : public Coordinator::Watch {
public:
  EtcdWatch(std::shared_ptr<EtcdClient> client, std::string prefix, Coordinator::Revision after,
            Coordinator::OnEvent on_event)
      : client_{std::move(client)},
        prefix_{std::move(prefix)},
        on_event_{std::move(on_event)},
        missing_{after == 0},
        seen_{after},
        thread_{[this](const std::stop_token& stop) { follow(stop); }} {}

  ~EtcdWatch() override {
    thread_.request_stop();
    {
      const std::lock_guard lock{mutex_};
      if (streaming_ != nullptr) streaming_->cancel();
    }
    thread_.join();
  }

private:
  void follow(const std::stop_token& stop) {
    auto backoff = kBackoffMin;
    while (!stop.stop_requested()) {
      if ((!missing_ || tell_everything()) && stream(stop)) backoff = kBackoffMin;
      std::unique_lock lock{mutex_};
      wake_.wait_for(lock, stop, backoff, [] { return false; });
      backoff = std::min(backoff * 2, kBackoffMax);
    }
  }

  bool tell_everything() {
    auto listing = read_all(*client_, prefix_, Clock::now() + kCallMax);
    if (!listing) return false;
    Coordinator::WatchEvent event{true, listing->revision, {}};
    for (auto& fact : listing->facts)
      event.changes.push_back(
          {std::move(fact.name), std::move(fact.fact.value), fact.fact.revision});
    on_event_(event);
    seen_ = listing->revision;
    missing_ = false;
    return true;
  }

  /// Whether something was told.
  bool stream(const std::stop_token& stop) {
    auto opened = client_->open(Clock::now() + kCallMax);
    if (!opened) return false;
    {
      const std::lock_guard lock{mutex_};
      streaming_ = opened->connection.get();
    }
    bool told = false;
    bool good = false;
    if (!stop.stop_requested()) {
      const auto ended = opened->connection->stream(
          "/v3/watch", opened->token, etcd::render_watch(prefix_, seen_ + 1),
          Clock::now() + kCallMax, [&](std::string_view text) {
            const auto line = etcd::parse_watch(text);
            if (!line || stop.stop_requested()) return false;
            good = true;
            return take(*line, told);
          });
      if (ended && ended->status != 200 &&
          etcd::parse_refusal(ended->status, ended->body).kind == etcd::Refusal::token)
        client_->forget_token();
    }
    client_->report(opened->member, good);
    const std::lock_guard lock{mutex_};
    streaming_ = nullptr;
    return told;
  }

  /// False: this stream is of no more use.
  bool take(const etcd::WatchLine& line, bool& told) {
    if (line.compacted != 0) missing_ = true;
    if (line.canceled || missing_) return false;
    if (line.created) return !history_is_gone(line);
    std::optional<Coordinator::WatchEvent> event;
    const auto tell = [&] {
      if (!event) return;
      on_event_(*event);
      seen_ = event->revision;
      told = true;
    };
    for (const auto& change : line.changes) {
      if (change.revision <= seen_) continue;
      if (!event || event->revision != change.revision) {
        tell();
        event.emplace(Coordinator::WatchEvent{false, change.revision, {}});
      }
      event->changes.push_back(change);
      event->changes.back().name.erase(0, client_->settings().prefix.size());
    }
    tell();
    // A progress report: nothing of ours happened up to here, so compaction cannot hurt us.
    if (line.changes.empty() && line.revision > seen_) seen_ = line.revision;
    return true;
  }

  /// A member behind us is either late, which passes, or etcd was restored from a backup, and then
  /// what we told is not true any more.
  bool history_is_gone(const etcd::WatchLine& line) {
    if (line.revision >= seen_) return false;
    const auto now = read_all(*client_, prefix_, Clock::now() + kCallMax);
    missing_ = now && now->revision < seen_;
    return missing_ || !now;
  }

  const std::shared_ptr<EtcdClient> client_;
  const std::string prefix_;
  const Coordinator::OnEvent on_event_;
  bool missing_;
  Coordinator::Revision seen_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  EtcdConnection* streaming_ = nullptr;
  std::jthread thread_;  // last: uses all of the above
};

}  // namespace

std::unique_ptr<Coordinator::Watch> watch_etcd(std::shared_ptr<EtcdClient> client,
                                               std::string prefix, Coordinator::Revision after,
                                               Coordinator::OnEvent on_event) {
  return std::make_unique<EtcdWatch>(std::move(client), std::move(prefix), after,
                                     std::move(on_event));
}

}  // namespace souk::net
