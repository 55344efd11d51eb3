#include "checkout_shop.hpp"

#include <unistd.h>

#include <algorithm>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <stdexcept>

#include "actors/catalog_shard.hpp"
#include "actors/order_shard.hpp"
#include "actors/product_coordinator.hpp"
#include "actors/reservation_coordinator.hpp"
#include "actors/search_coordinator.hpp"
#include "tests/support/lone_replica.hpp"

namespace souk::test {

using namespace actors;
using engine::Errc;
using engine::Error;

namespace {

/// One empty database for all shops: orders shards ask it about entries that are not resident.
storage::Database& empty_database() {
  struct Owner {
    std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("souk-shop-db-" + std::to_string(::getpid()));
    std::unique_ptr<storage::Database> database;
    Owner() {
      auto opened = storage::Database::open(folder, {});
      if (!opened) throw std::runtime_error{opened.error().detail};
      database = std::move(*opened);
    }
    ~Owner() {
      database.reset();
      std::filesystem::remove_all(folder);
    }
  };
  static Owner owner;
  return *owner.database;
}

template <class... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overload(Fs...) -> Overload<Fs...>;

std::string name_of(const engine::CatalogCommand& command) {
  return std::visit(Overload{[](const engine::ClaimSkus&) { return "ClaimSkus"; },
                             [](const engine::ReleaseSkus&) { return "ReleaseSkus"; },
                             [](const engine::PutProduct&) { return "PutProduct"; },
                             [](const engine::PutProducts&) { return "PutProducts"; },
                             [](const engine::DeleteProduct&) { return "DeleteProduct"; },
                             [](const engine::PlaceHold&) { return "PlaceHold"; },
                             [](const engine::CommitHold&) { return "CommitHold"; },
                             [](const engine::ReleaseHold&) { return "ReleaseHold"; },
                             [](const engine::ExtendHold&) { return "ExtendHold"; },
                             [](const engine::RecordReservation&) { return "RecordReservation"; },
                             [](const auto&) { return "other"; }},
                    command);
}

std::string name_of(const engine::OrderCommand& command) {
  return std::visit(Overload{[](const engine::BeginCheckout&) { return "BeginCheckout"; },
                             [](const engine::PlaceOrder&) { return "PlaceOrder"; },
                             [](const engine::CompleteOrder&) { return "CompleteOrder"; },
                             [](const engine::RefuseCheckout&) { return "RefuseCheckout"; },
                             [](const engine::AbandonCheckout&) { return "AbandonCheckout"; },
                             [](const auto&) { return "other"; }},
                    command);
}

std::string name_of(PaymentVerb verb) {
  return verb == PaymentVerb::authorize ? "authorize"
         : verb == PaymentVerb::capture ? "capture"
                                        : "void";
}

/// A command that was refused on its way, if that is its fate.
std::optional<Error> refused_by(Fault fault) {
  switch (fault) {
    case Fault::overloaded:
      return Error{Errc::overloaded, "injected", {}, {}};
    case Fault::timed_out:
      return Error{Errc::timed_out, "injected", {}, {}};
    case Fault::unavailable:
      return Error{Errc::unavailable, "injected", {}, {}};
    default:
      return std::nullopt;
  }
}

/// Stands between the coordinators and a shard.
template <class Answer, class Write, class Writes, class Answers, class Read, class Handle>
class ProxyActor : public caf::event_based_actor {
public:
  ProxyActor(caf::actor_config& config, Handle shard, PublicationPtr publication,
             std::function<Fault(const std::string&)> fate)
      : caf::event_based_actor{config},
        shard_{std::move(shard)},
        publication_{std::move(publication)},
        fate_{std::move(fate)} {}

private:
  caf::behavior make_behavior() override {
    set_default_handler(caf::drop);
    return {
        [this](Write& message) -> caf::result<Answer> {
          auto promise = make_response_promise<Answer>();
          carry(std::move(message), fate_(name_of(message.command)),
                [promise](Answer answer) mutable { promise.deliver(std::move(answer)); });
          return promise;
        },
        [this](Writes& message) { on_batch(message); },
        [this](Answers& answers) { pass_on(answers); },
        [this](Read& message) { return delegate(shard_, std::move(message)); },
        [this](AwaitCheckout& message) -> caf::result<OrderAnswer> {
          if constexpr (std::is_same_v<Handle, OrderShard>) {
            return delegate(shard_, std::move(message));
          } else {
            return caf::sec::unexpected_message;
          }
        },
        [this](ReadUnfinished& message) -> caf::result<UnfinishedCheckouts> {
          if constexpr (std::is_same_v<Handle, OrderShard>) {
            return delegate(shard_, std::move(message));
          } else {
            return caf::sec::unexpected_message;
          }
        },
    };
  }

  /// Those that arrive unharmed arrive together; each of the others has its own way.
  void on_batch(Writes& message) {
    const auto asker = caf::actor_cast<caf::actor>(current_sender());
    Writes unharmed;
    for (auto& item : message.items) {
      const Fault fault = fate_(name_of(item.command));
      if (fault == Fault::none) {
        askers_.emplace(++last_serial_, std::pair{asker, item.serial});
        unharmed.items.push_back({last_serial_, std::move(item.command), item.deadline});
        continue;
      }
      Write alone{};
      alone.command = std::move(item.command);
      alone.deadline = item.deadline;
      carry(std::move(alone), fault, [this, asker, serial = item.serial](Answer answer) {
        Answers one;
        one.items.push_back({serial, std::move(answer)});
        send(asker, std::move(one));
      });
    }
    if (!unharmed.items.empty()) send(shard_, std::move(unharmed));
  }

  void pass_on(Answers& answers) {
    std::map<caf::actor, Answers> by_asker;
    for (auto& item : answers.items) {
      const auto found = askers_.find(item.serial);
      if (found == askers_.end()) throw std::logic_error{"a command was answered twice"};
      by_asker[found->second.first].items.push_back({found->second.second, std::move(item.answer)});
      askers_.erase(found);
    }
    for (auto& [asker, items] : by_asker) send(asker, std::move(items));
  }

  template <class Deliver>
  void carry(Write message, Fault fault, Deliver deliver) {
    if (fault == Fault::lose_request) {
      publication_->leave();
      return;
    }
    if (auto refused = refused_by(fault)) {
      publication_->leave();
      deliver(Answer{std::move(*refused)});
      return;
    }
    request(shard_, caf::infinite, std::move(message))
        .then(
            [fault, deliver](Answer& answer) mutable {
              if (fault == Fault::lose_answer) return;
              if (fault == Fault::unavailable_after) {
                answer.reply = Error{Errc::unavailable, "injected", {}, {}};
              }
              deliver(std::move(answer));
            },
            [](const caf::error&) {});
  }

  Handle shard_;
  PublicationPtr publication_;
  std::function<Fault(const std::string&)> fate_;
  std::map<std::uint64_t, std::pair<caf::actor, std::uint64_t>> askers_;
  std::uint64_t last_serial_ = 0;
};
using CatalogProxy = ProxyActor<CatalogAnswer, WriteCatalog, WriteCatalogs, CatalogAnswers,
                                ReadCatalog, CatalogShard>;
using OrderProxy =
    ProxyActor<OrderAnswer, WriteOrder, WriteOrders, OrderAnswers, ReadOrders, OrderShard>;

}  // namespace

/// What the disk of the node holds.
struct Shop::MemoryJournal {
  std::map<engine::ShardId, std::vector<std::string>> records;
};

Shop::Shop(ShopOptions options) : random{options.seed}, options_{std::move(options)} {
  static int number = 0;
  folder_ = std::filesystem::temp_directory_path() /
            ("souk-shop-" + std::to_string(::getpid()) + "-" + std::to_string(++number));
  std::filesystem::create_directories(folder_);
  journal_ = std::make_unique<MemoryJournal>();
  config_.set_testing();
  start();
}

Shop::~Shop() {
  stop();
  std::filesystem::remove_all(folder_);
}

void Shop::start() {
  system_ = std::make_unique<caf::actor_system>(config_);
  scheduler_ = &dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
  // Shards compare deadlines with the steady clock, coordinators with the scheduler's.
  scheduler_->clock().current_time = std::chrono::steady_clock::now();
  directory = std::make_shared<SkuDirectory>(4096);

  auto* memory = journal_.get();
  const caf::actor writer = system_->spawn([memory](caf::event_based_actor* self) -> caf::behavior {
    return {[self, memory](WriteJournal& request) {
      for (auto& record : request.write.records) {
        auto& records = memory->records[request.write.shard];
        if (records.size() + 1 != record.position) throw std::logic_error{"gap in the journal"};
        records.push_back(*record.payload);
      }
      self->send(caf::actor_cast<caf::actor>(self->current_sender()), Stored{request.ticket});
    }};
  });
  actors_.push_back(writer);
  auto health = std::make_shared<NodeHealth>();
  health->recovering = false;
  const auto materialiser = spawn_materialiser(
      *system_, {&empty_database(), nullptr, {}, health, 256U << 20U}, Placement::scheduled);
  const auto merger = spawn_merger(*system_, Placement::scheduled);
  actors_.push_back(caf::actor_cast<caf::actor>(materialiser));
  actors_.push_back(caf::actor_cast<caf::actor>(merger));

  ShardLimits limits;
  limits.materialise_every = std::chrono::hours{24};
  Routes real;
  real.map.version = 1;
  for (const auto& range :
       engine::equal_ranges(engine::Service::catalog, options_.catalog_shards)) {
    real.map.ranges.push_back(range);
  }
  for (const auto& range : engine::equal_ranges(engine::Service::orders, options_.order_shards)) {
    real.map.ranges.push_back(range);
  }
  for (const engine::ShardId id : real.map.shards_of(engine::Service::catalog)) {
    CatalogShardParts parts;
    parts.replica = std::make_unique<engine::CatalogReplica>(id);
    parts.publication = std::make_shared<ShardPublication>(id, 8192);
    std::vector<engine::CatalogRecord> records;
    for (const std::string& bytes : journal_->records[id]) {
      records.push_back(*storage::decode_catalog_record(bytes));
    }
    parts.publication->publish(parts.replica->apply(records));
    parts.log =
        spawn_lone_replica(*system_, parts.publication, caf::actor_cast<JournalWriter>(writer),
                           journal_->records[id].size());
    actors_.push_back(caf::actor_cast<caf::actor>(parts.log));
    const auto log = parts.log;
    parts.materialiser = materialiser;
    parts.merger = merger;
    parts.health = health;
    parts.clock = &clock;
    parts.metrics = &metrics_.shard(id);
    parts.limits = limits;
    const auto publication = parts.publication;
    const auto shard = spawn_catalog_shard(*system_, std::move(parts));
    caf::anon_send(log, MeetShard{shard});
    real.catalog.push_back({id, shard, publication});
  }
  for (const engine::ShardId id : real.map.shards_of(engine::Service::orders)) {
    OrderShardParts parts;
    parts.state = std::make_unique<engine::OrderState>(id);
    for (const std::string& bytes : journal_->records[id]) {
      parts.state->apply(*storage::decode_order_record(bytes));
    }
    parts.publication = std::make_shared<ShardPublication>(id, 8192);
    parts.store = std::make_unique<storage::OrderStore>(empty_database(), id);
    parts.log =
        spawn_lone_replica(*system_, parts.publication, caf::actor_cast<JournalWriter>(writer),
                           journal_->records[id].size());
    actors_.push_back(caf::actor_cast<caf::actor>(parts.log));
    const auto log = parts.log;
    parts.materialiser = materialiser;
    parts.health = health;
    parts.clock = &clock;
    parts.metrics = &metrics_.shard(id);
    parts.limits = limits;
    const auto publication = parts.publication;
    const auto shard = spawn_order_shard(*system_, std::move(parts));
    caf::anon_send(log, MeetShard{shard});
    real.orders.push_back({id, shard, publication});
  }

  const auto fate = [this](const std::string& command) {
    return fault ? fault(command) : Fault::none;
  };
  Routes proxied = real;
  for (auto& link : proxied.catalog) {
    const auto between = caf::actor_cast<caf::actor>(
        system_->spawn<CatalogProxy>(link.actor, link.publication, fate));
    actors_.push_back(caf::actor_cast<caf::actor>(link.actor));
    actors_.push_back(between);
    link.actor = caf::actor_cast<CatalogShard>(between);
  }
  for (auto& link : proxied.orders) {
    const auto between =
        caf::actor_cast<caf::actor>(system_->spawn<OrderProxy>(link.actor, link.publication, fate));
    actors_.push_back(caf::actor_cast<caf::actor>(link.actor));
    actors_.push_back(between);
    link.actor = caf::actor_cast<OrderShard>(between);
  }
  direct = std::make_shared<const Routes>(std::move(real));
  routes = std::make_shared<const Routes>(std::move(proxied));
  table = std::make_shared<RouteTable>();
  table->replace(routes);
  const auto direct_table = std::make_shared<RouteTable>();
  direct_table->replace(direct);

  TestPaymentsConfig payments;
  payments.file = folder_ / "test_payments.log";
  payments.late = options_.limits.payment_timeout + std::chrono::seconds{1};
  const PaymentProvider provider = spawn_test_payments(*system_, payments);
  PaymentProviders providers;
  providers.add("test", faulty_provider(provider));
  checkouts = spawn_checkout_coordinator(*system_, table, directory, clock, options_.limits,
                                         metrics_, std::move(providers));
  if (options_.two_coordinators) {
    PaymentProviders others;
    others.add("test", faulty_provider(provider));
    leaders_checkouts = spawn_checkout_coordinator(*system_, table, directory, clock,
                                                   options_.limits, metrics_, std::move(others));
    actors_.push_back(caf::actor_cast<caf::actor>(leaders_checkouts));
  }
  products = spawn_product_coordinator(*system_, table, directory);
  reservations = spawn_reservation_coordinator(*system_, table, directory, clock);
  searches =
      spawn_search_coordinator(*system_, direct_table, clock, SearchLimits{2, 64, false}, metrics_);
  for (const auto& link : direct->catalog) {
    caf::anon_send(caf::actor_cast<LocalCatalogShard>(link.actor),
                   MeetCoordinator{leaders_checkouts ? leaders_checkouts : checkouts});
  }
  if (leaders_checkouts) {
    caf::anon_send(leaders_checkouts, ResumeCheckouts{std::nullopt, true, false});
  } else {
    caf::anon_send(checkouts, ResumeCheckouts{});
  }
  actors_.push_back(caf::actor_cast<caf::actor>(checkouts));
  actors_.push_back(caf::actor_cast<caf::actor>(products));
  actors_.push_back(caf::actor_cast<caf::actor>(reservations));
  actors_.push_back(caf::actor_cast<caf::actor>(searches));
}

PaymentProvider Shop::faulty_provider(PaymentProvider real) {
  actors_.push_back(caf::actor_cast<caf::actor>(real));
  auto coordinator = std::make_shared<caf::strong_actor_ptr>();
  const caf::actor between =
      system_->spawn([this, real, coordinator](caf::event_based_actor* self) -> caf::behavior {
        return {
            [=, this](PaymentRequests& requests) {
              *coordinator = self->current_sender();
              PaymentRequests arriving;
              for (auto& item : requests.items) {
                const Fault fate = fault ? fault(name_of(item.verb)) : Fault::none;
                if (fate == Fault::lose_request) continue;
                if (fate == Fault::lose_answer) {
                  // Carried out for someone who does not listen.
                  PaymentRequests deaf;
                  deaf.items.push_back(std::move(item));
                  caf::anon_send(real, std::move(deaf));
                  continue;
                }
                arriving.items.push_back(std::move(item));
              }
              if (!arriving.items.empty()) self->send(real, std::move(arriving));
            },
            [=](PaymentAnswers& answers) {
              if (*coordinator) {
                self->send(caf::actor_cast<caf::actor>(*coordinator), std::move(answers));
              }
            },
        };
      });
  return caf::actor_cast<PaymentProvider>(between);
}

void Shop::stop() {
  for (const caf::actor& each : actors_) caf::anon_send_exit(each, caf::exit_reason::kill);
  actors_.clear();
  checkouts = nullptr;
  leaders_checkouts = nullptr;
  products = nullptr;
  reservations = nullptr;
  searches = nullptr;
  table.reset();
  routes.reset();
  direct.reset();
  run();
  while (scheduler_->has_pending_timeout()) {
    scheduler_->trigger_timeouts();
    run();
  }
  scheduler_ = nullptr;
  system_.reset();
}

void Shop::crash() {
  stop();
  start();
}

void Shop::run() {
  while (scheduler_->has_job()) run_some(1'000);
}

void Shop::run_some(std::size_t messages) {
  for (std::size_t i = 0; i < messages && scheduler_->has_job(); ++i) {
    auto& jobs = scheduler_->jobs;
    std::swap(jobs.front(), jobs[random() % jobs.size()]);
    scheduler_->run_once();
  }
}

void Shop::pass(std::chrono::milliseconds time) {
  run();
  for (auto passed = std::chrono::milliseconds{0}; passed < time;
       passed += std::chrono::milliseconds{5}) {
    clock.advance(std::chrono::milliseconds{5});
    scheduler_->advance_time(std::chrono::milliseconds{5});
    run();
  }
}

RequestContext Shop::context(std::chrono::milliseconds patience) {
  return {now() + patience, {}, "req_test"};
}

engine::Product Shop::product(const std::string& id, const std::vector<std::string>& skus,
                              std::int64_t stock, std::int64_t price) {
  engine::Product product;
  product.id = engine::ProductId{id};
  product.title = "Product " + id;
  for (const std::string& sku : skus) {
    engine::Variant variant;
    variant.sku = engine::Sku{sku};
    variant.price = {price, *engine::Currency::parse("EUR")};
    variant.stock = engine::Quantity{stock};
    product.variants.push_back(std::move(variant));
  }
  return product;
}

void Shop::put(const std::string& id, const std::string& sku, std::int64_t stock,
               std::int64_t price) {
  engine::PutProduct put;
  put.product = product(id, {sku}, stock, price);
  put.now = clock.now();
  const auto answer = get<ProductAnswer>(products, WriteProduct{context(), std::move(put)});
  if (!answer.reply) throw std::runtime_error{answer.reply.error().detail};
}

std::shared_ptr<std::optional<CheckoutAnswer>> Shop::checkout(const std::string& key,
                                                              const Lines& lines,
                                                              const std::string& token,
                                                              std::chrono::milliseconds patience) {
  BeginCheckoutSaga request;
  request.context = context(patience);
  request.begin.order = order_id(key);
  request.begin.hold = engine::HoldId{"ord_" + key + "." + std::to_string(++attempts)};
  std::string body = token;
  for (const auto& [sku, quantity] : lines) {
    request.begin.request.lines.push_back(
        {engine::Sku{sku}, engine::Quantity{quantity}, std::nullopt});
    body += "|" + sku + "*" + std::to_string(quantity);
  }
  request.begin.request.customer.email = "jane@example.org";
  request.begin.request.payment = {"test", token};
  request.begin.idempotency = {"key-" + key, engine::hash_key(body),
                               "req_" + std::to_string(attempts)};
  request.begin.now = clock.now();
  return ask<CheckoutAnswer>(checkouts, std::move(request));
}

std::optional<engine::CheckoutEntry> Shop::entry(const std::string& key) {
  const auto reading =
      get<OrderReading>(direct->orders_at(order_id(key)).actor,
                        ReadOrders{ReadCheckout{order_id(key)}, 0, Deadline::max()});
  if (!reading.finding) return std::nullopt;
  return std::get<engine::CheckoutEntry>(*reading.finding);
}

engine::SkuEntry Shop::stock(const std::string& sku) {
  const auto owner = claim(sku);
  if (!owner) throw std::runtime_error{"nobody claims " + sku};
  const auto reading =
      get<CatalogReading>(direct->catalog_at(owner->str()).actor,
                          ReadCatalog{ReadStock{engine::Sku{sku}}, 0, Deadline::max()});
  if (!reading.finding) throw std::runtime_error{reading.finding.error().detail};
  return std::get<engine::SkuEntry>(*reading.finding);
}

std::optional<engine::ProductId> Shop::claim(const std::string& sku) {
  const auto reading = get<CatalogReading>(
      direct->catalog_at(sku).actor, ReadCatalog{ReadClaim{engine::Sku{sku}}, 0, Deadline::max()});
  if (!reading.finding) return std::nullopt;
  return std::get<engine::ProductId>(*reading.finding);
}

std::map<std::string, TestPayment> Shop::books() const {
  std::map<std::string, TestPayment> result;
  const auto listed = list_test_payments(folder_ / "test_payments.log");
  if (!listed) throw std::runtime_error{listed.error().detail};
  for (const TestPayment& payment : *listed) result.emplace(payment.id.str(), payment);
  return result;
}

engine::ShardId Shop::shard_of_product(const std::string& id) const {
  return direct->catalog_at(id).shard;
}

std::string Shop::product_on(std::uint16_t shard, const std::string& prefix) const {
  for (int i = 0;; ++i) {
    std::string id = prefix + std::to_string(i);
    if (shard_of_product(id).number == shard) return id;
  }
}

}  // namespace souk::test
