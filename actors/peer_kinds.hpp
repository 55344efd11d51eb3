#pragma once

#include <cstdint>

namespace souk::actors {

/// What a PeerEnvelope holds.
enum class PeerKind : std::uint16_t {
  replica_message = 1,  // engine::cluster::Message; nobody answers it
  request = 2,          // storage::Envelope; answered by one
  search = 3,
  checkpoint = 4,
  backup = 5,  // storage::BackupAsk; answered by BackupTold
};

}  // namespace souk::actors
