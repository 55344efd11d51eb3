#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/order/order.hpp"
#include "engine/order/order_command.hpp"
#include "engine/types/shard.hpp"

namespace souk::engine {

/// The checkout as a pure state machine. The coordinator feeds it what happened and carries out what it returns;
/// it never decides anything itself. Every command is idempotent, so a saga that was interrupted is resumed by running
/// it again from `begun`.
///
///   start ─▶ begin (orders journal) ∥ reserve (each catalog shard) ─▶ both durable, prices fit ─▶ authorize
///         ─▶ authorized ─▶ place (orders journal) ─▶ ANSWER order ─▶ commit holds, capture ─▶ complete (orders journal)
///   refusal at any step before place: release holds, void payment, refuse or abandon (orders journal) ─▶ ANSWER error
///
/// Once payment was asked, only this saga lets the hold go. A late payment answer ends in order or void.
namespace saga {

// What the coordinator must do.
struct Begin {};                                    // send BeginCheckout
struct Reserve { ShardId shard; std::vector<HoldLine> lines; };
struct Authorize { PaymentId payment; Money amount; PaymentMethod method; };
struct Void { PaymentId payment; PaymentMethod method; };
struct Capture { PaymentId payment; Money amount; PaymentMethod method; };
struct Place { Order order; };
struct CommitHolds { ShardId shard; };
struct ReleaseHolds { ShardId shard; };
struct Refuse { Error refusal; };                   // journal the refusal
struct Abandon {};                                  // journal that the key is free again
struct Complete {};
struct AnswerOrder { Order order; Replay replay; };
struct AnswerError { Error error; Replay replay; };
struct Finished {};                                 // forget the saga
using Command = std::variant<Begin, Reserve, Authorize, Void, Capture, Place, CommitHolds, ReleaseHolds, Refuse,
                             Abandon, Complete, AnswerOrder, AnswerError, Finished>;

// What happened.
struct Started {};
struct Resumed {};                                  // begun or placed in the journal, volatile state lost
struct BeginDone { CheckoutOpened opened; Timestamp now; };
struct BeginFailed { Error error; };
struct Reserved { ShardId shard; std::vector<HeldLine> lines; };
struct ReserveFailed { ShardId shard; Error error; };
struct Authorized { std::string reference; Timestamp now; };
struct AuthorizeFailed { Error error; };            // declined: final. timed_out/unavailable: unknown, void it
struct Voided {};
struct Captured {};
struct Placed {};
struct PlaceFailed { Error error; };
struct HoldsCommitted { ShardId shard; };
struct HoldsReleased { ShardId shard; };
struct RefuseDone {};
struct AbandonDone {};
struct CompleteDone {};
/// A step that must be repeated until it works (void, capture, commit, release, complete, refuse) failed; the
/// coordinator waits a little before it feeds this.
struct RetryDue {};
using Event = std::variant<Started, Resumed, BeginDone, BeginFailed, Reserved, ReserveFailed, Authorized, AuthorizeFailed,
                           Voided, Captured, Placed, PlaceFailed, HoldsCommitted, HoldsReleased, RefuseDone, AbandonDone,
                           CompleteDone, RetryDue>;

}  // namespace saga

/// The lines of a checkout that live on one catalog shard.
struct ShardLines {
  ShardId shard;
  std::vector<HoldLine> lines;
};

/// One running checkout. Value type; step() is its only way forward. Same events, same commands.
class CheckoutSaga {
public:
  /// A new checkout. `parts` covers exactly the request's lines.
  CheckoutSaga(BeginCheckout begin, std::vector<ShardLines> parts);
  /// One found unfinished in the journal; feed Resumed.
  CheckoutSaga(const CheckoutEntry& entry, std::vector<ShardLines> parts);

  std::vector<saga::Command> step(const saga::Event& event);

  const OrderId& order() const { return begin_.order; }
  const HoldId& hold() const { return begin_.hold; }
  const BeginCheckout& begin() const { return begin_; }
  bool finished() const;

private:
  BeginCheckout begin_;
  std::vector<ShardLines> parts_;
  struct Progress;                      // defined in checkout_saga.cpp or replaced by plain members by its owner
};

}  // namespace souk::engine
