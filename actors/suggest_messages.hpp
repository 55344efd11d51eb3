#pragma once

#include "actors/client.hpp"
#include "actors/messages.hpp"
#include "engine/search/suggest.hpp"

namespace souk::actors {

struct SuggestProducts {
  RequestContext context;
  engine::SuggestRequest request;
};
struct SuggestAnswer {
  engine::Result<engine::SuggestPage> reply;
  engine::ConsistencyToken token{};
};

}  // namespace souk::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SuggestProducts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(souk::actors::SuggestAnswer)
