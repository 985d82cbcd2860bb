#include "engine/app/workflow_tree.h"

#include <fmt/format.h>

#include <ctime>
#include <map>
#include <utility>
#include <vector>

#include "engine/app/client_json.h"

namespace skald::app {
namespace {

constexpr std::int64_t kMsUs = 1'000;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int64_t kMinuteUs = 60 * kSecondUs;

// One step run with all its tasks.
struct Node {
  std::vector<const v1::Task*> actions;
  std::vector<const v1::Task*> others;  // undo and probe
  std::string parent;
};

using Nodes = std::vector<std::pair<int, Node>>;  // by step run, in order of first scheduling

Nodes Group(const v1::Workflow& workflow) {
  std::map<int, Node> by_run;
  for (const v1::Task& task : workflow.tasks()) {
    Node& node = by_run[task.step_run()];
    node.parent = task.parent_reference();
    const bool is_action = task.operation() == v1::OPERATION_ACTION;
    (is_action ? node.actions : node.others).push_back(&task);
  }
  return {by_run.begin(), by_run.end()};
}

std::string TookText(const v1::Task& task) {
  const std::int64_t from =
      task.started_at_us() != 0 ? task.started_at_us() : task.scheduled_at_us();
  return task.ended_at_us() == 0 ? "" : "  " + DurationText(task.ended_at_us() - from);
}

std::string TaskLine(const v1::Task& task) {
  std::string line = fmt::format("{}{}", ShortName(task.status()), TookText(task));
  if (task.status() == v1::TASK_STATUS_SCHEDULED && task.available_at_us() != 0) {
    line += "  from " + TimeText(task.available_at_us());
  }
  if (task.progress_percent() != 0) line += fmt::format("  {} %", task.progress_percent());
  if (!task.progress_message().empty()) line += "  " + task.progress_message();
  if (!task.worker_id().empty()) line += "  at " + task.worker_id();
  if (task.effect() == v1::EFFECT_UNKNOWN) line += "  effect UNKNOWN";
  if (task.child_parked()) line += "  parked";
  if (!task.reason().empty()) line += "  (" + task.reason() + ")";
  return line;
}

void AddNode(const Node& node, const std::string& indent, bool is_last, std::string& text) {
  const v1::Task& newest = node.actions.empty() ? *node.others.back() : *node.actions.back();
  const std::string below = indent + (is_last ? "     " : "│    ");
  text += fmt::format("{}{} {}", indent, is_last ? "└─" : "├─", newest.reference());
  if (newest.iteration() > 0) text += fmt::format("[{}]", newest.iteration());
  text += fmt::format("  {}  {}", newest.step_type(), TaskLine(newest));
  if (node.actions.size() > 1) text += fmt::format("  attempt {}", node.actions.size());
  text += "\n";
  for (const v1::Task* task : node.others) {
    const char* what = task->operation() == v1::OPERATION_COMPENSATE ? "undo" : "probe";
    text += fmt::format("{}{} {}  {}", below, what, task->task_type(), TaskLine(*task));
    if (task->attempt() > 1) text += fmt::format("  attempt {}", task->attempt());
    text += "\n";
  }
  const std::string& undo = newest.undo();
  if (undo == "PARKED" || undo == "SKIPPED" || undo == "RESOLVED" || undo == "NULLED") {
    text += fmt::format("{}undo {}\n", below, undo);
  }
}

// "name v1  id  COMPLETED  saga COMPLETED  12 ms"
std::string Headline(const v1::Workflow& workflow) {
  std::string text = fmt::format("{} v{}  {}  {}", workflow.name(), workflow.version(),
                                 workflow.workflow_id(), ShortName(workflow.status()));
  if (workflow.saga_status() != v1::SAGA_STATUS_NONE) {
    text += "  saga " + ShortName(workflow.saga_status());
  }
  if (workflow.ended_at_us() != 0) {
    text += "  " + DurationText(workflow.ended_at_us() - workflow.started_at_us());
  }
  return text;
}

// Cut to kOutputShownBytesMax, not within a character.
std::string Shortened(std::string text) {
  if (text.size() <= kOutputShownBytesMax) return text;
  std::size_t end = kOutputShownBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "…";
}

bool HasEnded(v1::WorkflowStatus status) {
  return status == v1::WORKFLOW_STATUS_COMPLETED || status == v1::WORKFLOW_STATUS_FAILED ||
         status == v1::WORKFLOW_STATUS_TIMED_OUT || status == v1::WORKFLOW_STATUS_TERMINATED;
}

class TreeWriter {
 public:
  TreeWriter(const Descendants& descendants, std::string& text)
      : descendants_(descendants), text_(text) {}

  void Add(const v1::Workflow& workflow, const std::string& indent, int depth_left) {
    AddChildren(Group(workflow), "", indent, depth_left);
  }

 private:
  void AddChildren(const Nodes& nodes, const std::string& parent, const std::string& indent,
                   int depth_left) {
    std::vector<const Node*> children;
    for (const auto& [run, node] : nodes) {
      if (node.parent == parent) children.push_back(&node);
    }
    for (std::size_t i = 0; i < children.size(); ++i) {
      const Node& child = *children[i];
      const bool is_last = i + 1 == children.size();
      AddNode(child, indent, is_last, text_);
      if (depth_left == 0) continue;
      const std::string below = indent + (is_last ? "     " : "│    ");
      const v1::Task& task = child.actions.empty() ? *child.others.back() : *child.actions.back();
      AddSubWorkflow(task, below, depth_left - 1);
      AddChildren(nodes, task.reference(), below, depth_left - 1);
    }
  }

  void AddSubWorkflow(const v1::Task& task, const std::string& indent, int depth_left) {
    const auto found = descendants_.find(task.child_workflow_id());
    if (found == descendants_.end()) return;
    text_ += indent + Headline(found->second) + "\n";
    Add(found->second, indent, depth_left);
  }

  const Descendants& descendants_;
  std::string& text_;
};

}  // namespace

std::string DurationText(std::int64_t duration_us) {
  if (duration_us < kMsUs) return fmt::format("{} us", duration_us);
  if (duration_us < kSecondUs) return fmt::format("{} ms", duration_us / kMsUs);
  if (duration_us < kMinuteUs) {
    return fmt::format("{:.1f} s", static_cast<double>(duration_us) / kSecondUs);
  }
  return fmt::format("{} min {} s", duration_us / kMinuteUs, duration_us % kMinuteUs / kSecondUs);
}

std::string TimeText(std::int64_t at_us) {
  if (at_us == 0) return "-";
  const std::time_t seconds = at_us / kSecondUs;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     at_us % kSecondUs / kMsUs);
}

std::string WorkflowTree(const v1::Workflow& workflow, const Descendants& descendants) {
  constexpr int kDepthMax = 100;  // steps and workflows in one another
  std::string text = Headline(workflow);
  text += fmt::format("\nstarted {}", TimeText(workflow.started_at_us()));
  if (!workflow.correlation_id().empty()) text += "  correlation " + workflow.correlation_id();
  if (!workflow.parent_workflow_id().empty()) {
    text += "  for task " + workflow.parent_task_id();
  }
  text += "\n";
  if (!workflow.reason().empty()) text += "reason: " + workflow.reason() + "\n";
  if (!workflow.failure_workflow_id().empty()) {
    text += "failure workflow: " + workflow.failure_workflow_id() + "\n";
  }
  if (!workflow.output().empty() && workflow.output() != "{}") {
    text += "output: " + Shortened(OneLine(workflow.output())) + "\n";
  }
  TreeWriter(descendants, text).Add(workflow, "", kDepthMax);
  // Before its end a saga has not decided yet what stays.
  if (!HasEnded(workflow.status())) return text;
  for (const std::string& reference : workflow.unresolved()) {
    text += "left standing: " + reference + "\n";
  }
  return text;
}

}  // namespace skald::app
