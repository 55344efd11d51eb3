#pragma once

#include <caf/fwd.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "actors/clock.hpp"
#include "actors/metrics.hpp"
#include "actors/payment_provider.hpp"
#include "actors/route_table.hpp"
#include "actors/sku_directory.hpp"

namespace souk::actors {

/// Bounds and times of a checkout coordinator. The defaults suit every node; tests shorten them.
struct CheckoutLimits {
  bool test_payments = true;                 // the built-in `test` provider
  std::filesystem::path test_payments_file;  // its books
  std::uint32_t running_max = 16'384;        // checkouts at once; more are refused: overloaded
  std::chrono::milliseconds payment_timeout{5'000};  // silence of a provider counts as unknown
  std::chrono::milliseconds step_timeout{5'000};     // a shard's; it answers a command it drops
  std::chrono::milliseconds retry_first{50};         // doubles with every failure
  std::chrono::milliseconds retry_max{5'000};
  std::chrono::milliseconds sold_out_memory{
      1'000};                         // how long a refused SKU is reserved before begin
  std::size_t sold_out_max = 4'096;   // SKUs remembered as sold out
  std::size_t refusals_max = 32'768;  // refusals remembered until (and after) they are journaled
  /// How long what follows the answer (sell the held units, complete the order) waits for more of
  /// its kind: larger batches, fewer records.
  std::chrono::milliseconds completion_delay{5};
  /// A checkout that is not placed so long after it was taken up is let go of: whoever leads its
  /// orders shard takes it up again.
  std::chrono::milliseconds drive_max{15'000};
  /// How long an unfinished checkout must have been seen before it is taken up, since another
  /// node's coordinator may be driving it. Longer than drive_max by the time that what was sent
  /// last may take to arrive.
  std::chrono::milliseconds resume_after{27'000};
  std::chrono::milliseconds resume_check{1'500};         // how often they are looked at
  engine::Duration hold_time{std::chrono::seconds{20}};  // then the shard asks about the hold
  /// Marks the attempts that are driven here (checkout_driver.hpp); empty: nobody else drives any.
  std::string driver;
  /// Whether it is certain that whoever drove the attempt is gone: then nobody waits for
  /// resume_after.
  std::function<bool(const engine::HoldId&)> driver_gone;
};

/// Carries out checkouts: feeds engine::CheckoutSaga with what happened and does what it says. It
/// holds nothing that must survive: whatever was begun is resumed from the orders journal
/// (ResumeCheckouts).
///
/// Several nodes have one each, and a checkout may go from one to another, but at any time one
/// alone drives it up to the point where it is placed or refused in the journal: two could void
/// what the other has authorized. So everybody lets go after drive_max, and takes up after
/// resume_after what is seen unfinished for so long, or at once if its driver is gone for certain.
/// What follows (sell, capture, complete) may be done by two at once.
///
/// - A client whose deadline passes gets timed_out while its checkout goes on; the same key asks
/// again.
/// - A request that meets its twin waits for the twin's answer.
/// - A SKU that was just refused for stock is reserved first and begun only if it was held: sold
/// out costs no write.
///   Such a refusal is remembered here, bounded, so that the key's repeats get the same answer.
/// - Steps that must happen (void, capture, commit, release, complete) are repeated with growing
/// pauses.
///
/// Failpoints, each after its step: checkout.after_begin, after_reserve, after_authorize,
/// after_place, after_answer, after_commit_holds, after_capture, after_complete.
CheckoutCoordinator spawn_checkout_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                               std::shared_ptr<SkuDirectory> directory,
                                               const Clock& clock, CheckoutLimits limits,
                                               Metrics& metrics);

/// The same with given providers; `limits.test_payments` is ignored. The coordinator takes the
/// providers with it when it ends.
CheckoutCoordinator spawn_checkout_coordinator(caf::actor_system& system, RouteTablePtr routes,
                                               std::shared_ptr<SkuDirectory> directory,
                                               const Clock& clock, CheckoutLimits limits,
                                               Metrics& metrics, PaymentProviders providers);

}  // namespace souk::actors
