#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/client.hpp"
#include "engine/catalog/catalog_command.hpp"
#include "engine/catalog/catalog_question.hpp"
#include "engine/order/order_command.hpp"
#include "engine/order/order_question.hpp"
#include "engine/state/slot_ownership.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"
#include "storage/journal.hpp"
#include "storage/order_store.hpp"

/// The messages of the node's actors. All are local (never serialised), so they carry engine values
/// as they are; send them as rvalues. A refusal is a value inside the answer, with the position it
/// was decided at; a caf::error only ever says that an actor is gone (error_mapping.hpp).
namespace souk::actors {

using Deadline = std::chrono::steady_clock::time_point;

/// The slots that the sender's map gives to the shard, by which it chose what to send there. A
/// shard that does not own all of them answers wrong_shard and has done nothing: the sender looks
/// at a newer map.
using Believed = std::optional<engine::SlotRange>;

// Catalog shard.

/// `bulk` commands (imports) are refused first when the shard cannot keep up.
enum class Urgency : std::uint8_t { normal, bulk };

/// Pre: the sender took a place in the queue (ShardPublication::enter). A command whose deadline is
/// past when its turn comes is answered timed_out and changes nothing.
struct WriteCatalog {
  engine::CatalogCommand command;
  Deadline deadline;
  Urgency urgency = Urgency::normal;
  Believed believed{};
};
/// `position`: the shard's state at which the answer is true; part of the consistency token.
struct CatalogAnswer {
  engine::Result<engine::CatalogReply> reply;
  engine::Position position = 0;
  engine::Replay replay{};
};

/// Commands of one sender, each as a WriteCatalog of its own: a place in the queue was taken for
/// each. The sender gets CatalogAnswers with one item per command, by `serial`, in as few messages
/// as there are instants of answering.
struct WriteCatalogs {
  struct Item {
    std::uint64_t serial = 0;
    engine::CatalogCommand command;
    Deadline deadline;
    Believed believed{};
  };
  std::vector<Item> items;
};
struct CatalogAnswers {
  using Answer = CatalogAnswer;
  struct Item {
    std::uint64_t serial = 0;
    CatalogAnswer answer;
  };
  std::vector<Item> items;
};

using engine::CatalogQuestion;
using engine::ListProducts;
using engine::ReadClaim;
using engine::ReadHold;
using engine::ReadLedger;
using engine::ReadProduct;
using engine::ReadReservation;
using engine::ReadStock;

/// Answered from committed state, once `at_least` is applied (else consistency_unreachable at the
/// deadline).
struct ReadCatalog {
  CatalogQuestion question;
  engine::Position at_least = 0;
  Deadline deadline;
  Believed believed{};
  /// Any copy's word will do, however old, because whoever asks finds out what is wrong with it: so
  /// nobody waits for a shard that is between two leaders.
  bool hint = false;
};
using engine::CatalogFinding;
/// In the order of CatalogQuestion. Errors: unknown_product, unknown_sku (also for a claim),
/// unknown_reservation.
struct CatalogReading {
  engine::Result<CatalogFinding> finding;
  engine::Position position = 0;
};

/// Sent by the node when the coordinators run: whom to ask about overdue checkout holds. See
/// handles.hpp.
struct MeetCoordinator;

// Orders shard.

/// Pre: as WriteCatalog.
struct WriteOrder {
  engine::OrderCommand command;
  Deadline deadline;
};
struct OrderAnswer {
  engine::Result<engine::CheckoutOpened> reply;
  engine::Position position = 0;
};
/// As WriteCatalogs and CatalogAnswers.
struct WriteOrders {
  struct Item {
    std::uint64_t serial = 0;
    engine::OrderCommand command;
    Deadline deadline;
  };
  std::vector<Item> items;
};
struct OrderAnswers {
  using Answer = OrderAnswer;
  struct Item {
    std::uint64_t serial = 0;
    OrderAnswer answer;
  };
  std::vector<Item> items;
};
/// Waits until the checkout of that id is over: placed or refused (kind says which), or abandoned
/// (kind fresh: the key is free again). Errors: idempotency_in_progress at the deadline,
/// unknown_order.
struct AwaitCheckout {
  engine::OrderId order;
  Deadline deadline;
};

using engine::ListOrders;
using engine::OrderQuestion;
using engine::ReadCheckout;
using engine::ReadOrder;
struct ReadOrders {
  OrderQuestion question;
  engine::Position at_least = 0;
  Deadline deadline;
  Believed believed{};
};
using engine::OrderFinding;
/// In the order of OrderQuestion. Errors: unknown_order (also an order that was begun and not
/// placed).
struct OrderReading {
  engine::Result<OrderFinding> finding;
  engine::Position position = 0;
};
/// The checkouts that a new leader has to finish.
struct ReadUnfinished {};
using engine::UnfinishedCheckouts;

// Every shard.

/// From the journal writer: everything asked for up to this ticket is on this node's disk.
struct Stored {
  std::uint64_t ticket = 0;
};
struct ReadStatus {};
/// To the copy that leads: the slots from `fork.first_slot` on become another shard. Answered when
/// that is applied there. Errors: as engine::decide_fork; unavailable, not_leader: ask again, done
/// twice it is done once.
struct ForkShard {
  engine::ForkSlots fork;
};
struct ShardForked {
  engine::Result<void> result;
};
struct ShardStatusReading {
  engine::Result<ShardStatus> status;
};
/// Writes the whole state to its store; answered when it is there (not yet flushed). For backups
/// and stops.
struct Materialise {};
struct MaterialiseDone {
  engine::Result<void> result;
  engine::Position position = 0;
};
/// Refuses commands from now on (`unavailable`), answers those under way, materialises; answered
/// when all that is done.
struct Drain {};
struct Drained {};
/// A shard's own clock stroke.
struct ShardTick {};

// Journal writer.

/// What one shard wants on disk; carried out in order. Tickets rise.
struct WriteJournal {
  storage::JournalWrite write;
  std::uint64_t ticket = 0;
};
/// The journal failed: the node is unhealthy and ends. Sent to every shard, which refuses
/// everything from then on.
struct JournalFailed {
  engine::Error error;
};

// Coordinators.

// One answer per request, always, with the positions that were read or written. `replay`: see
// engine/order/idempotency.

struct BeginCheckoutSaga {
  RequestContext context;
  engine::BeginCheckout begin;
};
struct CheckoutAnswer {
  engine::Result<CheckoutReply> reply;
  engine::ConsistencyToken token{};
  engine::Replay replay{};
};
using engine::HoldsJudged;
using engine::JudgeHolds;
/// This node leads an orders shard (or all, if none is named): finish what was begun there and is
/// driven by nobody. `led`: no longer. `at_once`: nobody else can be driving any, since there is no
/// other node.
struct ResumeCheckouts {
  std::optional<engine::ShardId> shard = std::nullopt;
  bool led = true;
  bool at_once = true;
};

struct Reserve {
  RequestContext context;
  ReserveRequest request;
};
struct SettleReservation {
  enum class Kind : std::uint8_t { commit, release, extend };
  RequestContext context;
  Kind kind = Kind::commit;
  engine::HoldId reservation;
  std::optional<std::vector<engine::HoldLine>> lines;  // commit: only that much
  engine::Duration ttl{};                              // extend
  engine::IdempotencyKey idempotency;
};
struct ReservationAnswer {
  engine::Result<engine::Reservation> reply;
  engine::ConsistencyToken token{};
  engine::Replay replay{};
};

struct WriteProduct {
  RequestContext context;
  engine::PutProduct put;
};
struct ProductAnswer {
  engine::Result<ProductPutReply> reply;
  engine::ConsistencyToken token{};
};
struct RemoveProduct {
  RequestContext context;
  engine::DeleteProduct remove;
};
struct RemoveAnswer {
  engine::Result<engine::Acknowledged> reply;
  engine::ConsistencyToken token{};
};
struct ImportProducts {
  RequestContext context;
  ImportChunk chunk;
};
struct ImportAnswer {
  engine::Result<ImportReply> reply;
  engine::ConsistencyToken token{};
};

struct SearchProducts {
  RequestContext context;
  engine::Query query;
  SearchPatience patience;
};
struct SearchAnswer {
  engine::Result<engine::SearchPage> reply;
  engine::ConsistencyToken token{};
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::WriteCatalog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::CatalogAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::WriteCatalogs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::CatalogAnswers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReadCatalog)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::CatalogReading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::WriteOrder)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::OrderAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::WriteOrders)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::OrderAnswers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::AwaitCheckout)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReadOrders)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::OrderReading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReadUnfinished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::UnfinishedCheckouts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::Stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReadStatus)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ForkShard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ShardForked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ShardStatusReading)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::Materialise)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::MaterialiseDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::Drain)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::Drained)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ShardTick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::WriteJournal)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::JournalFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::BeginCheckoutSaga)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::CheckoutAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::JudgeHolds)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::HoldsJudged)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ResumeCheckouts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::Reserve)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SettleReservation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ReservationAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::WriteProduct)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ProductAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::RemoveProduct)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::RemoveAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ImportProducts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ImportAnswer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SearchProducts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SearchAnswer)
