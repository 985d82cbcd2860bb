// HandlerSet: which function runs which task type, and whether under the saga barrier.
//
// Filled by one thread, then only read: from then on thread-safe. Registering a type twice for the
// same operation replaces the first. Handlers run on any thread of the worker, several at a time,
// and may throw: the task then counts as failed.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "workers/sdk/pg_session.h"
#include "workers/sdk/result.h"
#include "workers/sdk/task.h"

namespace skald::sdk {

// Without the barrier: whatever it does has to bear being done twice. `idempotency_key` helps.
using Handler = std::function<Result(Task&)>;

// Under the barrier: its database effects go through the transaction it is given, which is
// committed after it returns Completed and rolled back otherwise. It must not commit or abort by
// itself.
using TransactionHandler = std::function<Result(Task&, Transaction&)>;

struct Handlers {
  Handler plain;
  TransactionHandler action;
  TransactionHandler undo;
  bool probe = false;

  bool UsesDatabase() const { return action || undo || probe; }
  // True if every delivery of the type is safe to repeat and to undo.
  bool UnderBarrier() const { return !plain && UsesDatabase(); }
};

class HandlerSet {
 public:
  // Takes every operation of `type` that has no handler of its own below.
  void Handle(std::string type, Handler handler) { types_[type].plain = std::move(handler); }

  void Action(std::string type, TransactionHandler handler) {
    types_[type].action = std::move(handler);
  }

  // The handler finds the action's response in task.action_output(). It is not called for an action
  // that never took effect.
  void Undo(std::string type, TransactionHandler handler) {
    types_[type].undo = std::move(handler);
  }

  // Answers probes out of the barrier's table, and seals what has not happened.
  void Probe(std::string type) { types_[type].probe = true; }

  // Returns null for a type that is not registered.
  const Handlers* Find(std::string_view type) const {
    const auto found = types_.find(type);
    return found == types_.end() ? nullptr : &found->second;
  }

  const std::map<std::string, Handlers, std::less<>>& types() const { return types_; }

  bool UsesDatabase() const {
    for (const auto& [type, handlers] : types_) {
      if (handlers.UsesDatabase()) return true;
    }
    return false;
  }

 private:
  std::map<std::string, Handlers, std::less<>> types_;
};

}  // namespace skald::sdk
