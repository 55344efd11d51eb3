#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "engine/cluster/configuration.hpp"
#include "engine/cluster/record.hpp"

namespace souk::engine::cluster {

/// What a primary knows of one secondary or learner.
struct Peer {
  NodeId node;
  bool learner = false;

  /// Agreed and on its disk, acknowledged in this epoch; nothing before the first acknowledgement.
  std::optional<Position> acked;
  /// Where sending starts again when nothing is answered: the last that it is believed to have.
  Position base = 0;
  Position next = 1;    // to be sent next
  bool probed = false;  // something was sent since it last had to be asked where it is
  struct Sent {
    Position upto = 0;
    std::size_t bytes = 0;
    Instant at{0};
  };
  std::deque<Sent> sent;  // not acknowledged, ascending
  std::size_t in_flight = 0;
  Position rewound_to = 0;  // the last CatchUp obeyed, and when: their echoes are ignored
  Instant rewound_at{0};

  bool reading = false;        // the journal is being read for it
  bool checkpointing = false;  // a checkpoint is on its way to it
  bool behind = false;         // has not applied what it stored: cannot serve yet
  bool spoke = false;          // since this leadership began
  bool gone = false;           // its process has ended, and nothing was heard of it since
  Instant heard{0};            // any message of this epoch
  Instant progress{0};         // an acknowledgement that was new, or nothing left to acknowledge
  Instant resent_at{0};
  std::optional<Instant> lease_from;  // when the last acknowledged heartbeat was sent

  void hear(Instant now) {
    spoke = true;
    gone = false;
    heard = now;
  }
};

}  // namespace souk::engine::cluster
