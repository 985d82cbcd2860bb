// PayloadReader: finds the payloads that stored texts name, all in one statement.
//
// Single-threaded, used within one transaction of the caller, so that texts and payloads fit
// together. Throws what libpqxx throws: to be used inside a Session's body only.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/ports/journal.h"
#include "pqxx/pqxx"

namespace skald::postgres {

class PayloadReader {
 public:
  // What `text` of the workflow names goes into `payloads`, which stays where it is until Read.
  void Want(const core::WorkflowId& workflow, std::string_view text, ports::Payloads& payloads);
  // Fills what was wanted. A name without a payload is left out.
  void Read(pqxx::transaction_base& transaction);

 private:
  // Workflow and name, and who wants it.
  std::map<std::pair<core::WorkflowId, std::string>, std::vector<ports::Payloads*>> wanted_;
};

}  // namespace skald::postgres
