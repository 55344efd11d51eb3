#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/order/order.hpp"
#include "engine/order/order_command.hpp"
#include "engine/types/result.hpp"
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
/// overloaded, timed_out: dropped unread, and no earlier Place is in doubt; unknown_order: there is no such checkout. Then
/// the payment is voided. Anything else leaves it open whether the order exists: Place is repeated at RetryDue.
struct PlaceFailed { Error error; };
struct HoldsCommitted { ShardId shard; };
struct HoldsReleased { ShardId shard; };
struct RefuseDone {};
struct AbandonDone {};
struct CompleteDone {};
/// A step that must be repeated until it works (void, capture, commit, release, complete, refuse, abandon, place in doubt)
/// failed; the coordinator waits a little before it feeds this. Everything unanswered is asked again.
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

  std::vector<saga::Command> step(saga::Event event);

  const OrderId& order() const { return begin_.order; }
  const HoldId& hold() const { return begin_.hold; }
  const BeginCheckout& begin() const { return begin_; }
  bool finished() const;

private:
  enum class Stage : std::uint8_t {
    opening,       // begin and reserves under way
    authorizing,
    placing,
    finishing,     // the order exists: commit holds, capture, complete
    voiding,       // from here on: no order; undo in this order
    releasing,
    closing,       // refuse or abandon under way
    over,
  };
  enum class BeginState : std::uint8_t { pending, begun, in_doubt, not_ours };
  enum class PartState : std::uint8_t { reserving, held, in_doubt, nothing, releasing, committing, committed };
  enum class PaymentState : std::uint8_t { none, in_doubt, authorized, captured };
  struct Part {
    ShardLines wanted;
    PartState state = PartState::reserving;
    std::vector<HeldLine> held;
    std::optional<Error> error;
  };
  using Commands = std::vector<saga::Command>;

  void on(const saga::Started&, Commands& out);
  void on(const saga::Resumed&, Commands& out);
  void on(const saga::BeginDone& event, Commands& out);
  void on(const saga::BeginFailed& event, Commands& out);
  void on(saga::Reserved&& event, Commands& out);
  void on(const saga::ReserveFailed& event, Commands& out);
  void on(const saga::Authorized& event, Commands& out);
  void on(const saga::AuthorizeFailed& event, Commands& out);
  void on(const saga::Voided&, Commands& out);
  void on(const saga::Captured&, Commands& out);
  void on(const saga::Placed&, Commands& out);
  void on(const saga::PlaceFailed& event, Commands& out);
  void on(const saga::HoldsCommitted& event, Commands& out);
  void on(const saga::HoldsReleased& event, Commands& out);
  void on(const saga::RefuseDone&, Commands& out);
  void on(const saga::AbandonDone&, Commands& out);
  void on(const saga::CompleteDone&, Commands& out);
  void on(const saga::RetryDue&, Commands& out);

  /// Goes on as far as the answers that are there allow.
  void advance(Commands& out);
  void open_done(Commands& out);
  void finish_part(Part& part, Commands& out);
  void fail(Error error, Commands& out);
  void undo(Commands& out);
  void close(Commands& out);
  void end(Commands& out);
  bool any(PartState state) const;
  Part* part_of(ShardId shard);
  PaymentId payment_id() const;

  BeginCheckout begin_;
  std::vector<Part> parts_;
  Stage stage_ = Stage::opening;
  BeginState begin_state_ = BeginState::pending;
  PaymentState payment_ = PaymentState::none;
  CheckoutPhase resumed_phase_ = CheckoutPhase::begun;
  bool resumed_ = false;
  bool void_again_ = false;
  bool complete_sent_ = false;
  bool answered_ = false;
  Order order_;
  std::optional<Error> failure_;
};

/// Prices a checkout by what its shards promised: one order line per request line, no payment yet.
/// Errors: currency_mismatch, price_changed (one item per line), quantity_overflow.
Result<Order> price_order(const BeginCheckout& begin, const std::vector<HeldLine>& held);

}  // namespace souk::engine
