#include "engine/postgres/payload_reader.h"

#include "engine/codec/apart.h"
#include "engine/postgres/statements.h"
#include "engine/postgres/text.h"
#include "engine/postgres/workflow_reader.h"

namespace skald::postgres {

void PayloadReader::Want(const core::WorkflowId& workflow, std::string_view text,
                         ports::Payloads& payloads) {
  for (std::string& name : codec::NamedPayloads(text)) {
    wanted_[{workflow, std::move(name)}].push_back(&payloads);
  }
}

void PayloadReader::Read(pqxx::transaction_base& transaction) {
  if (wanted_.empty()) return;
  std::vector<std::string> ids;
  std::vector<std::string> names;
  for (const auto& [key, takers] : wanted_) {
    ids.push_back(key.first.ToString());
    names.push_back(key.second);
  }
  const pqxx::result rows =
      transaction.exec_params(kSelectPayloads, ArrayLiteral(ids), ArrayLiteral(names));
  for (const pqxx::row& row : rows) {
    std::string name = row[1].as<std::string>();
    const core::Payload payload(pqxx::binarystring(row[2]).str());
    for (ports::Payloads* taker : wanted_[{ToId(row[0]), name}]) taker->emplace(name, payload);
  }
}

}  // namespace skald::postgres
