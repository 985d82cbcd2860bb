#include "engine/postgres/key_claims.h"

#include <set>
#include <string>

#include "engine/postgres/statements.h"
#include "engine/postgres/text.h"
#include "engine/postgres/workflow_reader.h"

namespace skald::postgres {

namespace {

void TakeOver(pqxx::transaction_base& transaction, const std::vector<ports::KeyClaim>& claims,
              std::set<core::WorkflowId>& fresh) {
  std::vector<std::string> namespaces, keys, ids, digests, on_running;
  for (const ports::KeyClaim& claim : claims) {
    if (claim.strategy == core::KeyStrategy::kReturnExisting) continue;
    namespaces.push_back(StorableText(claim.name_space));
    keys.push_back(StorableText(claim.key));
    ids.push_back(claim.id.ToString());
    digests.push_back(claim.digest);
    on_running.emplace_back(claim.strategy == core::KeyStrategy::kFailOnRunning ? "t" : "f");
  }
  if (keys.empty()) return;
  const std::string namespace_array = ArrayLiteral(namespaces);
  const std::string key_array = ArrayLiteral(keys);
  transaction.exec_params(kLockKeys, namespace_array, key_array);
  const pqxx::result taken =
      transaction.exec_params(kTakeOverKeys, namespace_array, key_array, ArrayLiteral(ids),
                              ArrayLiteral(digests), ArrayLiteral(on_running));
  for (const pqxx::row& row : taken) fresh.insert(ToId(row[0]));
}

}  // namespace

std::vector<ports::KeyHolder> ClaimKeys(pqxx::transaction_base& transaction,
                                        const std::vector<ports::KeyClaim>& claims) {
  std::vector<std::string> namespaces;
  std::vector<std::string> keys;
  std::vector<std::string> ids;
  std::vector<std::string> digests;
  for (const ports::KeyClaim& claim : claims) {
    namespaces.push_back(StorableText(claim.name_space));
    keys.push_back(StorableText(claim.key));
    ids.push_back(claim.id.ToString());
    digests.push_back(claim.digest);
  }
  const std::string namespace_array = ArrayLiteral(namespaces);
  const std::string key_array = ArrayLiteral(keys);
  std::set<core::WorkflowId> fresh;
  const pqxx::result inserted = transaction.exec_params(kInsertKeys, namespace_array, key_array,
                                                        ArrayLiteral(ids), ArrayLiteral(digests));
  for (const pqxx::row& row : inserted) fresh.insert(ToId(row[0]));
  TakeOver(transaction, claims, fresh);

  std::vector<ports::KeyHolder> holders;
  const pqxx::result rows = transaction.exec_params(kSelectKeys, namespace_array, key_array);
  for (const pqxx::row& row : rows) {
    const ports::KeyClaim& claim = claims[holders.size()];
    ports::KeyHolder holder{.id = ToId(row[0]),
                            .started = row[2].as<bool>(),
                            .requested = row[3].as<bool>(),
                            .digest = row[1].as<std::string>()};
    // Of two claims of one key in one call only the first is fresh.
    holder.fresh = holder.id == claim.id && fresh.erase(claim.id) == 1;
    // A key claimed in SQL accepts every request.
    if (holder.digest.empty()) holder.digest = claim.digest;
    holders.push_back(std::move(holder));
  }
  return holders;
}

}  // namespace skald::postgres
