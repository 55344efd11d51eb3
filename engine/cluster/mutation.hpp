#pragma once

#include <cstdint>

namespace souk::engine::cluster {

/// Known ways to break the protocol. Only the tests can switch one on (struct Tampering), to show
/// that the simulator finds it.
enum class Mutation : std::uint8_t {
  none,
  ack_before_sync,            // answers when written, not when synced
  commit_without_one_member,  // does not wait for the last secondary
  epoch_not_persisted,        // accepts an epoch in memory only
  commit_before_cas_answer,   // stops counting a removed member when the change is sent
  learner_takes_over,
  join_without_counting,  // waits for a joining learner only once it is a member
  no_cut_at_reconcile,    // keeps what the new primary does not have
  cut_below_committed,    // obeys a primary that lacks what was committed
  lease_not_checked,
  hand_over_to_learner,  // makes primary who has not caught up
  ack_epoch_ignored,     // counts acknowledgements of older epochs
};

}  // namespace souk::engine::cluster
