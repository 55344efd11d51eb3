#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/cluster/replica.hpp"
#include "engine/types/result.hpp"
#include "engine/types/shard.hpp"

/// What a shard and its replica of the journal (shard_replica.hpp) say to each other. All local.
///
///   shard                          shard_replica
///     <- RecordsCommitted ...        while following: to be decoded and applied
///     <- LeadShard{epoch, last}      everything up to `last` has been given as committed
///     ProposeRecords ... ->          stamped epoch, last + 1, last + 2, ...
///     <- RecordsCommitted ...        the shard's own records, now on every member's disk
///     <- FollowShard                 what was proposed and not committed has an unknown outcome
namespace souk::actors {

/// Takes commands from now on: the first record that is proposed stands at `last` + 1.
struct LeadShard {
  engine::Epoch epoch = 0;
  engine::Position last = 0;
};
/// Takes no commands from now on. The tentative state is void; records that were proposed may still
/// be committed, by this node or another.
struct FollowShard {
  engine::Error why;
};
/// Records in order, each once, whoever proposed them. The first follows the last of the message
/// before.
struct RecordsCommitted {
  std::vector<engine::cluster::Record> records;
};
/// The state and journal of this replica were replaced by a checkpoint: the shard has to be opened
/// again from disk. Nothing follows this message.
struct ShardReplaced {
  engine::cluster::Mark at;
};

/// Records to be journaled, stamped with what LeadShard said. What is stamped with another epoch or
/// does not follow the last is dropped: FollowShard is on its way.
struct ProposeRecords {
  std::vector<engine::cluster::Record> records;
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::LeadShard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::FollowShard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::RecordsCommitted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ShardReplaced)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::ProposeRecords)
