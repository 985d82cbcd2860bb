#include "engine/postgres/workflow_list.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "engine/base/status.h"
#include "engine/codec/enum_names.h"
#include "engine/postgres/page_token.h"
#include "engine/postgres/statements.h"
#include "engine/postgres/text.h"
#include "engine/postgres/workflow_reader.h"

namespace skald::postgres {
namespace {

// A parameter that may be null.
using Text = std::optional<std::string>;

Text UnlessEmpty(const std::string& value) { return value.empty() ? Text() : Text(value); }
Text UnlessZero(core::TimeUs value) { return value == 0 ? Text() : Text(std::to_string(value)); }

template <typename Enum>
Text Names(const std::vector<Enum>& values) {
  if (values.empty()) return std::nullopt;
  std::vector<std::string> names;
  for (const Enum value : values) names.emplace_back(core::Name(value));
  return ArrayLiteral(names);
}

template <typename Enum>
Enum FromName(const pqxx::field& field) {
  return codec::ValueOf<Enum>(field.c_str()).value_or(Enum{});
}

ports::WorkflowSummary ToSummary(const pqxx::row& row) {
  return {.id = ToId(row[0]),
          .name_space = row[1].as<std::string>(),
          .name = row[2].as<std::string>(),
          .version = row[3].as<std::int32_t>(),
          .status = FromName<core::WorkflowStatus>(row[4]),
          .saga_status = FromName<core::SagaStatus>(row[5]),
          .correlation_id = row[6].as<std::string>(),
          .reason = row[7].as<std::string>(),
          .priority = row[8].as<std::int32_t>(),
          .started_at = row[9].as<core::TimeUs>(),
          .updated_at = row[10].as<core::TimeUs>(),
          .ended_at = row[11].as<core::TimeUs>(),
          .parent = row[12].is_null() ? core::WorkflowId() : ToId(row[12])};
}

// The sort key of the last item before the page; unset for the first page.
struct After {
  Text started_at;
  Text id;
};

absl::StatusOr<After> ReadToken(std::string_view kind, const std::string& token) {
  if (token.empty()) return After();
  ASSIGN_OR_RETURN(std::vector<std::string> keys, DecodePageToken(kind, 2, token));
  core::TimeUs started_at = 0;
  if (!absl::SimpleAtoi(keys[0], &started_at) || !core::WorkflowId::Parse(keys[1]).ok()) {
    return absl::InvalidArgumentError("page_token: malformed");
  }
  return After{.started_at = keys[0], .id = keys[1]};
}

}  // namespace

std::size_t PageSize(const ports::Page& page) {
  return std::clamp<std::size_t>(page.size, 1, kPageSizeMax);
}

absl::StatusOr<ports::Paged<ports::WorkflowSummary>> ListWorkflows(
    pqxx::transaction_base& transaction, const ports::WorkflowFilter& filter,
    ports::WorkflowOrder order, const ports::Page& page) {
  const bool newest_first = order == ports::WorkflowOrder::kNewestFirst;
  const std::string_view kind = newest_first ? "newest" : "oldest";
  ASSIGN_OR_RETURN(const After after, ReadToken(kind, page.token));
  const std::size_t size = PageSize(page);
  const pqxx::result rows = transaction.exec_params(
      newest_first ? kListNewestFirst : kListOldestFirst, UnlessEmpty(filter.name_space),
      UnlessEmpty(filter.name), UnlessEmpty(filter.correlation_id), Names(filter.statuses),
      Names(filter.saga_statuses), UnlessZero(filter.started_from),
      UnlessZero(filter.started_before), after.started_at, after.id, size + 1,
      filter.parent.is_nil() ? Text() : Text(filter.parent.ToString()));
  ports::Paged<ports::WorkflowSummary> result;
  for (const pqxx::row& row : rows) {
    if (result.items.size() == size) {
      const ports::WorkflowSummary& last = result.items.back();
      result.next_token =
          EncodePageToken(kind, {std::to_string(last.started_at), last.id.ToString()});
      break;
    }
    result.items.push_back(ToSummary(row));
  }
  return result;
}

}  // namespace skald::postgres
