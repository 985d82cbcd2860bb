#include "engine/postgres/pg_catalog.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "engine/base/status.h"
#include "engine/ports/no_such_workflow.h"
#include "engine/postgres/connection_string.h"
#include "engine/postgres/page_token.h"
#include "engine/postgres/payload_reader.h"
#include "engine/postgres/statements.h"
#include "engine/postgres/text.h"
#include "engine/postgres/workflow_list.h"
#include "engine/postgres/workflow_reader.h"
#include "fmt/format.h"

namespace skald::postgres {
namespace {

constexpr char kCatalogChannel[] = "skald_catalog";
constexpr char kDefinitions[] = "definitions";
constexpr char kTaskDefinitions[] = "task definitions";
constexpr char kSchemas[] = "schemas";
constexpr std::size_t kHistoryPayloadBytes = 64 << 20;  // in a page, and the row that passes it

using Transaction = pqxx::transaction_base;

ports::StoredDefinition ToDefinition(const pqxx::row& row) {
  return {.name_space = row[0].as<std::string>(),
          .name = row[1].as<std::string>(),
          .version = row[2].as<std::int32_t>(),
          .source = row[3].as<std::string>(),
          .created_at = row[4].as<core::TimeUs>(),
          .updated_at = row[5].as<core::TimeUs>()};
}

std::string Named(const std::string& name, std::int32_t version) {
  return version == 0 ? fmt::format("\"{}\"", name)
                      : fmt::format("\"{}\" version {}", name, version);
}

// libpqxx would cut a text short at a NUL.
absl::Status CheckTexts(const ports::StoredDefinition& definition) {
  if (IsStorableText(definition.name_space) && IsStorableText(definition.name) &&
      IsStorableText(definition.source)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("definition: not UTF-8, or it holds a NUL");
}

absl::Status NoDefinition(const std::string& name_space, const std::string& name,
                          std::int32_t version) {
  return absl::NotFoundError(
      fmt::format("no definition {} in namespace \"{}\"", Named(name, version), name_space));
}

absl::Status NoTaskDefinition(const std::string& name_space, const std::string& name) {
  return absl::NotFoundError(
      fmt::format("no task definition \"{}\" in namespace \"{}\"", name, name_space));
}

absl::Status NoSchema(const std::string& name_space, const std::string& name,
                      std::int32_t version) {
  return absl::NotFoundError(
      fmt::format("no schema {} in namespace \"{}\"", Named(name, version), name_space));
}

// Rows of a list that asked for one more than the page holds.
template <typename Token>
ports::Paged<ports::StoredDefinition> ToPage(const pqxx::result& rows, std::size_t size,
                                             const Token& token) {
  ports::Paged<ports::StoredDefinition> page;
  for (const pqxx::row& row : rows) {
    if (page.items.size() == size) {
      page.next_token = token(page.items.back());
      break;
    }
    page.items.push_back(ToDefinition(row));
  }
  return page;
}

// Row by row, as most name none; where they would be too much, the rows end.
void ReadPayloads(Transaction& transaction, const core::WorkflowId& id,
                  std::vector<ports::HistoryRow>& rows) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    PayloadReader reader;
    reader.Want(id, rows[i].events, rows[i].payloads);
    reader.Read(transaction);
    for (const auto& [name, payload] : rows[i].payloads) bytes += payload.size();
    if (bytes >= kHistoryPayloadBytes) return rows.resize(i + 1);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<PgCatalog>> PgCatalog::Open(const std::string& database_url) {
  ASSIGN_OR_RETURN(const std::string connection_string, CompleteConnectionString(database_url));
  return std::unique_ptr<PgCatalog>(new PgCatalog(connection_string));
}

PgCatalog::PgCatalog(const std::string& connection_string)
    : pool_(connection_string),
      listener_(connection_string, kCatalogChannel,
                {.connected =
                     [this](Transaction& transaction) {
                       RaiseGeneration(transaction.exec1(kGeneration)[0].as<std::uint64_t>());
                     },
                 .notified =
                     [this](const std::string& payload) {
                       std::uint64_t generation = 0;
                       if (absl::SimpleAtoi(payload, &generation)) RaiseGeneration(generation);
                     }}) {}

void PgCatalog::RaiseGeneration(std::uint64_t generation) {
  std::uint64_t known = generation_.load();
  while (known < generation && !generation_.compare_exchange_weak(known, generation)) continue;
}

absl::Status PgCatalog::Change(std::string_view what, const Session::Body& body) {
  std::uint64_t generation = 0;
  RETURN_IF_ERROR(pool_.Transact(what, [&](Transaction& transaction) -> absl::Status {
    RETURN_IF_ERROR(body(transaction));
    generation = transaction.exec1(kGeneration)[0].as<std::uint64_t>();
    return absl::OkStatus();
  }));
  RaiseGeneration(generation);
  return absl::OkStatus();
}

absl::Status PgCatalog::PutDefinition(const ports::StoredDefinition& definition, bool overwrite) {
  RETURN_IF_ERROR(CheckTexts(definition));
  const absl::Status status = Change("put definition", [&](Transaction& transaction) {
    transaction.exec_params(overwrite ? kReplaceDefinition : kInsertDefinition,
                            definition.name_space, definition.name, definition.version,
                            definition.source, definition.created_at, definition.updated_at);
    return absl::OkStatus();
  });
  if (!absl::IsAlreadyExists(status)) return status;
  return absl::AlreadyExistsError(fmt::format("definition {} exists in namespace \"{}\"",
                                              Named(definition.name, definition.version),
                                              definition.name_space));
}

absl::StatusOr<ports::StoredDefinition> PgCatalog::GetDefinition(const std::string& name_space,
                                                                 const std::string& name,
                                                                 std::int32_t version) {
  std::optional<ports::StoredDefinition> found;
  RETURN_IF_ERROR(pool_.Read("get definition", [&](Transaction& transaction) {
    const pqxx::result rows = transaction.exec_params(kSelectDefinition, name_space, name, version);
    if (!rows.empty()) found = ToDefinition(rows[0]);
    return absl::OkStatus();
  }));
  if (!found.has_value()) return NoDefinition(name_space, name, version);
  return *std::move(found);
}

absl::StatusOr<ports::Paged<ports::StoredDefinition>> PgCatalog::ListDefinitions(
    const std::string& name_space, const ports::Page& page) {
  return ListVersions("list definitions", kListDefinitions, kDefinitions, name_space, page);
}

absl::StatusOr<ports::Paged<ports::StoredDefinition>> PgCatalog::ListVersions(
    std::string_view what, const char* statement, const char* list, const std::string& name_space,
    const ports::Page& page) {
  std::vector<std::string> after = {"", "0"};
  std::int32_t version = 0;
  if (!page.token.empty()) {
    ASSIGN_OR_RETURN(after, DecodePageToken(list, 2, page.token));
    if (!absl::SimpleAtoi(after[1], &version)) {
      return absl::InvalidArgumentError("page_token: malformed");
    }
  }
  const std::size_t size = PageSize(page);
  ports::Paged<ports::StoredDefinition> result;
  RETURN_IF_ERROR(pool_.Read(what, [&](Transaction& transaction) {
    result = ToPage(transaction.exec_params(statement, name_space, after[0], version, size + 1),
                    size, [list](const ports::StoredDefinition& last) {
                      return EncodePageToken(list, {last.name, std::to_string(last.version)});
                    });
    return absl::OkStatus();
  }));
  return result;
}

absl::Status PgCatalog::DeleteDefinition(const std::string& name_space, const std::string& name,
                                         std::int32_t version) {
  return Change("delete definition", [&](Transaction& transaction) -> absl::Status {
    const pqxx::result rows = transaction.exec_params(kDeleteDefinition, name_space, name, version);
    return rows.affected_rows() == 0 ? NoDefinition(name_space, name, version) : absl::OkStatus();
  });
}

absl::Status PgCatalog::PutTaskDefinition(const ports::StoredDefinition& definition) {
  RETURN_IF_ERROR(CheckTexts(definition));
  return Change("put task definition", [&](Transaction& transaction) {
    transaction.exec_params(kReplaceTaskDefinition, definition.name_space, definition.name,
                            definition.source, definition.created_at, definition.updated_at);
    return absl::OkStatus();
  });
}

absl::StatusOr<ports::StoredDefinition> PgCatalog::GetTaskDefinition(const std::string& name_space,
                                                                     const std::string& name) {
  std::optional<ports::StoredDefinition> found;
  RETURN_IF_ERROR(pool_.Read("get task definition", [&](Transaction& transaction) {
    const pqxx::result rows = transaction.exec_params(kSelectTaskDefinition, name_space, name);
    if (!rows.empty()) found = ToDefinition(rows[0]);
    return absl::OkStatus();
  }));
  if (!found.has_value()) return NoTaskDefinition(name_space, name);
  return *std::move(found);
}

absl::StatusOr<ports::Paged<ports::StoredDefinition>> PgCatalog::ListTaskDefinitions(
    const std::string& name_space, const ports::Page& page) {
  std::vector<std::string> after = {""};
  if (!page.token.empty()) {
    ASSIGN_OR_RETURN(after, DecodePageToken(kTaskDefinitions, 1, page.token));
  }
  const std::size_t size = PageSize(page);
  ports::Paged<ports::StoredDefinition> result;
  RETURN_IF_ERROR(pool_.Read("list task definitions", [&](Transaction& transaction) {
    result = ToPage(transaction.exec_params(kListTaskDefinitions, name_space, after[0], size + 1),
                    size, [](const ports::StoredDefinition& last) {
                      return EncodePageToken(kTaskDefinitions, {last.name});
                    });
    return absl::OkStatus();
  }));
  return result;
}

absl::Status PgCatalog::DeleteTaskDefinition(const std::string& name_space,
                                             const std::string& name) {
  return Change("delete task definition", [&](Transaction& transaction) -> absl::Status {
    const pqxx::result rows = transaction.exec_params(kDeleteTaskDefinition, name_space, name);
    return rows.affected_rows() == 0 ? NoTaskDefinition(name_space, name) : absl::OkStatus();
  });
}

absl::StatusOr<std::int32_t> PgCatalog::PutSchema(const ports::StoredDefinition& schema) {
  RETURN_IF_ERROR(CheckTexts(schema));
  std::int32_t version = 0;
  RETURN_IF_ERROR(Change("put schema", [&](Transaction& transaction) {
    transaction.exec(kLockGeneration);
    const pqxx::result rows =
        transaction.exec_params(kPutSchema, schema.name_space, schema.name, schema.version,
                                schema.source, schema.created_at, schema.updated_at);
    version = rows[0][0].as<std::int32_t>();
    return absl::OkStatus();
  }));
  return version;
}

absl::StatusOr<ports::StoredDefinition> PgCatalog::GetSchema(const std::string& name_space,
                                                             const std::string& name,
                                                             std::int32_t version) {
  std::optional<ports::StoredDefinition> found;
  RETURN_IF_ERROR(pool_.Read("get schema", [&](Transaction& transaction) {
    const pqxx::result rows = transaction.exec_params(kSelectSchema, name_space, name, version);
    if (!rows.empty()) found = ToDefinition(rows[0]);
    return absl::OkStatus();
  }));
  if (!found.has_value()) return NoSchema(name_space, name, version);
  return *std::move(found);
}

absl::StatusOr<ports::Paged<ports::StoredDefinition>> PgCatalog::ListSchemas(
    const std::string& name_space, const ports::Page& page) {
  return ListVersions("list schemas", kListSchemas, kSchemas, name_space, page);
}

absl::Status PgCatalog::DeleteSchema(const std::string& name_space, const std::string& name,
                                     std::int32_t version) {
  return Change("delete schema", [&](Transaction& transaction) -> absl::Status {
    const pqxx::result rows = transaction.exec_params(kDeleteSchema, name_space, name, version);
    return rows.affected_rows() == 0 ? NoSchema(name_space, name, version) : absl::OkStatus();
  });
}

absl::StatusOr<std::vector<ports::StoredDefinition>> PgCatalog::LimitedTaskDefinitions(
    std::size_t count_max) {
  std::vector<ports::StoredDefinition> result;
  RETURN_IF_ERROR(pool_.Read("read limits", [&](Transaction& transaction) {
    for (const pqxx::row& row : transaction.exec_params(kListLimitedTasks, count_max)) {
      result.push_back(ToDefinition(row));
    }
    return absl::OkStatus();
  }));
  return result;
}

// Looks first: most pins are there. A row that comes in between is seen by the last look, whose
// statement begins after the insert has waited for it.
absl::StatusOr<std::int64_t> PgCatalog::PinDefinition(const std::string& body) {
  std::int64_t id = 0;
  RETURN_IF_ERROR(pool_.Transact("pin definition", [&](Transaction& transaction) {
    pqxx::result rows = transaction.exec_params(kSelectPin, body);
    if (rows.empty()) rows = transaction.exec_params(kInsertPin, body);
    if (rows.empty()) rows = transaction.exec_params(kSelectPin, body);
    id = rows[0][0].as<std::int64_t>();
    return absl::OkStatus();
  }));
  return id;
}

absl::StatusOr<std::string> PgCatalog::GetPinned(std::int64_t id) {
  std::optional<std::string> body;
  RETURN_IF_ERROR(pool_.Read("get pinned definition", [&](Transaction& transaction) {
    const pqxx::result rows = transaction.exec_params(kSelectPinned, id);
    if (!rows.empty()) body = rows[0][0].as<std::string>();
    return absl::OkStatus();
  }));
  if (!body.has_value()) return absl::NotFoundError(fmt::format("no pinned definition {}", id));
  return *std::move(body);
}

absl::StatusOr<ports::Paged<ports::WorkflowSummary>> PgCatalog::ListWorkflows(
    const ports::WorkflowFilter& filter, ports::WorkflowOrder order, const ports::Page& page) {
  ports::Paged<ports::WorkflowSummary> result;
  RETURN_IF_ERROR(pool_.Read("list workflows", [&](Transaction& transaction) -> absl::Status {
    ASSIGN_OR_RETURN(result, postgres::ListWorkflows(transaction, filter, order, page));
    return absl::OkStatus();
  }));
  return result;
}

absl::StatusOr<std::vector<ports::HistoryRow>> PgCatalog::ReadHistory(const core::WorkflowId& id,
                                                                      core::EventSeq after_seq,
                                                                      std::size_t rows_max) {
  std::vector<ports::HistoryRow> result;
  RETURN_IF_ERROR(pool_.Read("read history", [&](Transaction& transaction) -> absl::Status {
    const std::string id_text = id.ToString();
    const pqxx::result rows =
        transaction.exec_params(kSelectHistoryPage, id_text, after_seq, rows_max);
    for (const pqxx::row& row : rows) result.push_back(ToHistoryRow(row));
    ReadPayloads(transaction, id, result);
    if (!result.empty()) return absl::OkStatus();
    const pqxx::result exists = transaction.exec_params(kWorkflowExists, id_text);
    return exists[0][0].as<bool>() ? absl::OkStatus() : ports::NoSuchWorkflow(id);
  }));
  return result;
}

absl::StatusOr<ports::StoredWorkflow> PgCatalog::ReadWorkflow(const core::WorkflowId& id) {
  std::optional<ports::StoredWorkflow> found;
  RETURN_IF_ERROR(pool_.Read("read workflow", [&](Transaction& transaction) {
    found = postgres::ReadWorkflow(transaction, id);
    return absl::OkStatus();
  }));
  if (!found.has_value()) return ports::NoSuchWorkflow(id);
  return *std::move(found);
}

absl::StatusOr<std::vector<ports::NodeRecord>> PgCatalog::ListNodes() {
  std::vector<ports::NodeRecord> nodes;
  RETURN_IF_ERROR(pool_.Read("list nodes", [&](Transaction& transaction) {
    for (const pqxx::row& row : transaction.exec_params(kListNodes, ports::kNodesListedMax)) {
      nodes.push_back({.node_id = row[0].as<std::string>(),
                       .epoch = row[1].as<std::uint64_t>(),
                       .expires_at = row[2].as<core::TimeUs>(),
                       .alive = row[3].as<bool>(),
                       .shards = row[4].as<std::uint32_t>()});
    }
    return absl::OkStatus();
  }));
  return nodes;
}

absl::Status PgCatalog::Ping() {
  return pool_.Read("ping", [](Transaction& transaction) {
    transaction.exec(kPing);
    return absl::OkStatus();
  });
}

absl::Status PgCatalog::Append(const std::vector<ports::TaskLogLine>& lines,
                               std::size_t lines_per_task_max) {
  return pool_.Transact("append task log", [&](Transaction& transaction) {
    for (const ports::TaskLogLine& line : lines) {
      transaction.exec_params(kAppendLog, line.workflow.ToString(), line.task, line.at,
                              pqxx::binarystring(line.message), lines_per_task_max);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<ports::TaskLogLine>> PgCatalog::Read(const core::WorkflowId& workflow,
                                                                core::TaskNumber task) {
  std::vector<ports::TaskLogLine> lines;
  RETURN_IF_ERROR(pool_.Read("read task log", [&](Transaction& transaction) {
    const pqxx::result rows = transaction.exec_params(kReadLog, workflow.ToString(), task);
    for (const pqxx::row& row : rows) {
      lines.push_back({.workflow = workflow,
                       .task = task,
                       .at = row[0].as<core::TimeUs>(),
                       .message = pqxx::binarystring(row[1]).str()});
    }
    return absl::OkStatus();
  }));
  return lines;
}

}  // namespace skald::postgres
