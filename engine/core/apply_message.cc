#include <algorithm>

#include "engine/core/apply_handlers.h"
#include "engine/core/limits.h"

namespace skald::core {

void ApplyWorkflow(const ApplyContext& context, const MessageReceived& body, State& state) {
  state.messages.push_back({.id = body.id, .received_at = context.at, .payload = body.payload});
  if (!body.named) return;
  if (state.message_ids.size() >= kMessageIdsKept)
    state.message_ids.erase(state.message_ids.begin());
  state.message_ids.push_back(body.id);
}

void ApplyWorkflow(const ApplyContext&, const MessagesTaken& body, State& state) {
  const std::size_t count = std::min<std::size_t>(body.count, state.messages.size());
  state.messages.erase(state.messages.begin(),
                       state.messages.begin() + static_cast<std::ptrdiff_t>(count));
}

}  // namespace skald::core
