#include "engine/grpc/definition_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/log.h"
#include "engine/core/bound.h"
#include "engine/core/definition_parser.h"
#include "engine/core/definition_scripts.h"
#include "engine/core/json_scan.h"
#include "engine/core/json_write.h"
#include "engine/core/limits.h"
#include "engine/core/schema_definition.h"
#include "engine/grpc/convert.h"
#include "engine/grpc/unary.h"
#include "engine/runtime/definition_looker.h"

namespace skald::grpc_edge {
namespace {

constexpr std::uint32_t kPageSizeDefault = 100;

void ToRecord(const ports::StoredDefinition& stored, v1::DefinitionRecord& record) {
  record.set_namespace_(stored.name_space);
  record.set_name(stored.name);
  record.set_version(stored.version);
  record.set_definition(stored.source);
  record.set_created_at_us(stored.created_at);
  record.set_updated_at_us(stored.updated_at);
}

absl::StatusOr<ports::Page> ToPage(const v1::ListDefinitionsRequest& request) {
  if (request.page_size() > kDefinitionPageMax) {
    return absl::InvalidArgumentError(absl::StrCat(
        "page_size: ", request.page_size(), ", at most ",
        core::FixedBound("kDefinitionPageMax", kDefinitionPageMax, kLimitsHeader), " expected"));
  }
  return ports::Page{request.page_size() == 0 ? kPageSizeDefault : request.page_size(),
                     request.page_token()};
}

grpc::Status Answer(const absl::StatusOr<ports::StoredDefinition>& stored,
                    v1::DefinitionRecord& response) {
  if (!stored.ok()) return ToGrpc(stored.status());
  ToRecord(*stored, response);
  return grpc::Status::OK;
}

grpc::Status Answer(const absl::StatusOr<ports::Paged<ports::StoredDefinition>>& page,
                    v1::ListDefinitionsResponse& response) {
  if (!page.ok()) return ToGrpc(page.status());
  for (const ports::StoredDefinition& stored : page->items) {
    ToRecord(stored, *response.add_definitions());
  }
  response.set_next_page_token(page->next_token);
  return grpc::Status::OK;
}

// Runs `work` on the pool, with the request's namespace.
template <typename Request, typename Work>
grpc::ServerUnaryReactor* RunInNamespace(grpc::CallbackServerContext* context, BlockingPool& pool,
                                         const Request& request, Work work) {
  return RunOnPool(context, pool, [&request, work = std::move(work)] {
    const auto name_space = ToNamespace(request.namespace_());
    return name_space.ok() ? work(*name_space) : ToGrpc(name_space.status());
  });
}

// A page of what `list` gives for (namespace, page).
template <typename List>
grpc::ServerUnaryReactor* RunListing(grpc::CallbackServerContext* context, BlockingPool& pool,
                                     const v1::ListDefinitionsRequest& request,
                                     v1::ListDefinitionsResponse& response, List list) {
  return RunInNamespace(
      context, pool, request,
      [&request, &response, list = std::move(list)](const std::string& name_space) {
        const auto page = ToPage(request);
        return page.ok() ? Answer(list(name_space, *page), response) : ToGrpc(page.status());
      });
}

template <typename Response>
void AddWarnings(const std::vector<core::Mistake>& warnings, Response& response) {
  for (const core::Mistake& warning : warnings) {
    response.add_warnings(absl::StrCat(warning.path, ": ", warning.message));
  }
}

// What the parser of scripts says stands beside the other mistakes. A registration does not wait
// for script hosts that are busy or gone.
void AddScriptMistakes(ports::ScriptChecker* checker, std::string_view definition,
                       core::Parsed<core::Definition>& parsed) {
  const std::vector<core::StepScript> scripts = core::ScriptsIn(definition);
  if (checker == nullptr || scripts.empty()) return;
  std::vector<std::string> sources;
  for (const core::StepScript& script : scripts) sources.push_back(script.source);
  const auto messages = checker->Check(sources);
  if (!messages.ok()) {
    parsed.warnings.push_back(
        {"tasks", absl::StrCat("nobody could tell whether the scripts parse: ",
                               messages.status().message())});
    return;
  }
  for (std::size_t i = 0; i < messages->size(); ++i) {
    if ((*messages)[i].empty() || parsed.mistakes.size() >= core::kMistakesMax) continue;
    parsed.mistakes.push_back({scripts[i].path, (*messages)[i]});
    parsed.value.reset();
  }
}

// One that was stored as the next version says so.
void SetOwnVersion(ports::StoredDefinition& schema) {
  const std::string version = absl::StrCat(schema.version);
  if (core::TextIn(schema.source, "version") == version) return;
  schema.source = core::OverlayMembers(schema.source, "{\"version\":" + version + "}");
}

}  // namespace

grpc::Status DefinitionServiceImpl::StoreWorkflow(const v1::RegisterWorkflowRequest& request,
                                                  v1::RegisterWorkflowResponse& response) {
  auto name_space = ToNamespace(request.namespace_());
  if (!name_space.ok()) return ToGrpc(name_space.status());
  runtime::DefinitionLooker looker(catalog_, *name_space);
  auto parsed = core::ParseDefinition(
      looker.WithSchemas(request.definition()), looker.Tasks(),
      {.name_space = *name_space, .children = looker.Children(), .environment = environment_});
  if (!looker.failed().ok()) return ToGrpc(looker.failed());
  AddScriptMistakes(scripts_, request.definition(), parsed);
  if (!parsed.ok()) return DefinitionRefused(parsed.mistakes);
  ports::StoredDefinition stored;
  stored.name_space = *name_space;
  stored.name = parsed.value->name;
  stored.version = parsed.value->version;
  stored.source = std::string(core::TrimJson(request.definition()));
  stored.created_at = stored.updated_at = clock_.Now();
  const absl::Status put = catalog_.PutDefinition(stored, request.overwrite());
  if (!put.ok()) return ToGrpc(put);
  base::LogInfo(
      "definition.registered",
      {{"namespace", stored.name_space}, {"name", stored.name}, {"version", stored.version}});
  response.set_name(stored.name);
  response.set_version(stored.version);
  AddWarnings(parsed.warnings, response);
  return grpc::Status::OK;
}

grpc::Status DefinitionServiceImpl::StoreTask(const v1::RegisterTaskRequest& request,
                                              v1::RegisterTaskResponse& response) {
  auto name_space = ToNamespace(request.namespace_());
  if (!name_space.ok()) return ToGrpc(name_space.status());
  const auto parsed = core::ParseTaskDefinition(request.definition());
  if (!parsed.ok()) return InvalidArgument("task definition refused", parsed.mistakes);
  ports::StoredDefinition stored;
  stored.name_space = *name_space;
  stored.name = parsed.value->name;
  stored.source = std::string(parsed.value->source.text());
  stored.created_at = stored.updated_at = clock_.Now();
  const absl::Status put = catalog_.PutTaskDefinition(stored);
  if (!put.ok()) return ToGrpc(put);
  base::LogInfo("task_definition.registered",
                {{"namespace", stored.name_space}, {"name", stored.name}});
  response.set_name(stored.name);
  AddWarnings(parsed.warnings, response);
  return grpc::Status::OK;
}

grpc::Status DefinitionServiceImpl::StoreSchema(const v1::RegisterSchemaRequest& request,
                                                v1::RegisterSchemaResponse& response) {
  auto name_space = ToNamespace(request.namespace_());
  if (!name_space.ok()) return ToGrpc(name_space.status());
  const auto parsed = core::ParseSchemaDefinition(request.schema());
  if (!parsed.ok()) return InvalidArgument("schema refused", parsed.mistakes);
  ports::StoredDefinition stored;
  stored.name_space = *name_space;
  stored.name = parsed.value->name;
  stored.version = request.new_version() ? 0 : parsed.value->version;
  stored.source = std::string(parsed.value->source.text());
  stored.created_at = stored.updated_at = clock_.Now();
  const absl::StatusOr<std::int32_t> version = catalog_.PutSchema(stored);
  if (!version.ok()) return ToGrpc(version.status());
  base::LogInfo("schema.registered",
                {{"namespace", stored.name_space}, {"name", stored.name}, {"version", *version}});
  response.set_name(stored.name);
  response.set_version(*version);
  AddWarnings(parsed.warnings, response);
  return grpc::Status::OK;
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::RegisterWorkflow(
    grpc::CallbackServerContext* context, const v1::RegisterWorkflowRequest* request,
    v1::RegisterWorkflowResponse* response) {
  return RunOnPool(context, pool_,
                   [this, request, response] { return StoreWorkflow(*request, *response); });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::RegisterTask(
    grpc::CallbackServerContext* context, const v1::RegisterTaskRequest* request,
    v1::RegisterTaskResponse* response) {
  return RunOnPool(context, pool_,
                   [this, request, response] { return StoreTask(*request, *response); });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::GetWorkflow(
    grpc::CallbackServerContext* context, const v1::GetWorkflowDefinitionRequest* request,
    v1::DefinitionRecord* response) {
  return RunInNamespace(
      context, pool_, *request, [this, request, response](const std::string& name_space) {
        return Answer(catalog_.GetDefinition(name_space, request->name(), request->version()),
                      *response);
      });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::GetTask(
    grpc::CallbackServerContext* context, const v1::GetTaskDefinitionRequest* request,
    v1::DefinitionRecord* response) {
  return RunInNamespace(
      context, pool_, *request, [this, request, response](const std::string& name_space) {
        return Answer(catalog_.GetTaskDefinition(name_space, request->name()), *response);
      });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::ListWorkflows(
    grpc::CallbackServerContext* context, const v1::ListDefinitionsRequest* request,
    v1::ListDefinitionsResponse* response) {
  return RunListing(context, pool_, *request, *response,
                    [this](const std::string& name_space, const ports::Page& page) {
                      return catalog_.ListDefinitions(name_space, page);
                    });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::ListTasks(
    grpc::CallbackServerContext* context, const v1::ListDefinitionsRequest* request,
    v1::ListDefinitionsResponse* response) {
  return RunListing(context, pool_, *request, *response,
                    [this](const std::string& name_space, const ports::Page& page) {
                      return catalog_.ListTaskDefinitions(name_space, page);
                    });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::DeleteWorkflow(
    grpc::CallbackServerContext* context, const v1::DeleteWorkflowDefinitionRequest* request,
    v1::DeleteDefinitionResponse*) {
  return RunInNamespace(context, pool_, *request, [this, request](const std::string& name_space) {
    if (request->version() == 0) {
      return ToGrpc(absl::InvalidArgumentError("version: required, 0 names none"));
    }
    return ToGrpc(catalog_.DeleteDefinition(name_space, request->name(), request->version()));
  });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::DeleteTask(
    grpc::CallbackServerContext* context, const v1::DeleteTaskDefinitionRequest* request,
    v1::DeleteDefinitionResponse*) {
  return RunInNamespace(context, pool_, *request, [this, request](const std::string& name_space) {
    return ToGrpc(catalog_.DeleteTaskDefinition(name_space, request->name()));
  });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::RegisterSchema(
    grpc::CallbackServerContext* context, const v1::RegisterSchemaRequest* request,
    v1::RegisterSchemaResponse* response) {
  return RunOnPool(context, pool_,
                   [this, request, response] { return StoreSchema(*request, *response); });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::GetSchema(grpc::CallbackServerContext* context,
                                                           const v1::GetSchemaRequest* request,
                                                           v1::DefinitionRecord* response) {
  return RunInNamespace(
      context, pool_, *request, [this, request, response](const std::string& name_space) {
        auto stored = catalog_.GetSchema(name_space, request->name(), request->version());
        if (stored.ok()) SetOwnVersion(*stored);
        return Answer(stored, *response);
      });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::ListSchemas(
    grpc::CallbackServerContext* context, const v1::ListDefinitionsRequest* request,
    v1::ListDefinitionsResponse* response) {
  return RunListing(context, pool_, *request, *response,
                    [this](const std::string& name_space, const ports::Page& page) {
                      auto stored = catalog_.ListSchemas(name_space, page);
                      if (!stored.ok()) return stored;
                      for (ports::StoredDefinition& schema : stored->items) SetOwnVersion(schema);
                      return stored;
                    });
}

grpc::ServerUnaryReactor* DefinitionServiceImpl::DeleteSchema(
    grpc::CallbackServerContext* context, const v1::DeleteSchemaRequest* request,
    v1::DeleteDefinitionResponse*) {
  return RunInNamespace(context, pool_, *request, [this, request](const std::string& name_space) {
    return ToGrpc(catalog_.DeleteSchema(name_space, request->name(), request->version()));
  });
}

}  // namespace skald::grpc_edge
