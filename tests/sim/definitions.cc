#include "tests/sim/definitions.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "engine/core/definition_parser.h"
#include "tests/sim/sim_random.h"

namespace skald::sim {
namespace {

constexpr int kTypes = 5;

std::optional<std::string> TaskJson(const std::string& name) {
  static constexpr const char* kRetries[] = {
      R"("retryCount":0)", R"("retryCount":1,"retryDelaySeconds":1)",
      R"("retryCount":2,"retryDelaySeconds":1,"retryLogic":"EXPONENTIAL_BACKOFF")",
      R"("retryCount":3,"retryDelaySeconds":2,"retryLogic":"LINEAR_BACKOFF")",
      R"("retryCount":1,"retryDelaySeconds":0)"};
  // Steps of other types than a worker's have names without a number.
  const bool numbered = name.back() >= '0' && name.back() <= '9';
  const int type = numbered ? name.back() - '0' : 0;
  const bool action = name[0] != 'u' && name[0] != 'p';
  // Only steps made at run time are of these types: their undo comes with the type.
  const std::string undo =
      numbered && name[0] == 's' ? absl::StrCat(R"(,"compensateWith":"u)", type, R"(")") : "";
  return absl::StrCat(R"({"name":")", name, R"(",)", kRetries[type % kTypes],
                      R"(,"responseTimeoutSeconds":)", 4 + type, R"(,"timeoutSeconds":)",
                      action && type == 3 ? 12 : 0, R"(,"timeoutPolicy":")",
                      type == 4 ? "RETRY" : "TIME_OUT_WF", R"(")", undo, "}");
}

class Author {
 public:
  // Other workflows are named by smaller numbers than `id`, so that none contains itself.
  Author(std::uint64_t seed, std::int64_t id) : random_(seed), id_(id) {}

  std::string Write(const std::string& name) {
    const bool saga = random_.Chance(850);
    saga_ = saga;
    std::vector<std::string> tasks = List(0, 1 + random_.Below(4));
    if (saga && random_.Chance(250)) {
      tasks.push_back(Pivot());
      for (std::uint64_t i = random_.Below(3); i > 0; --i) tasks.push_back(Retryable());
    }
    std::string more;
    if (saga) {
      static constexpr const char* kOrders[] = {"CAUSAL", "CAUSAL", "STRICT_REVERSE", "PARALLEL"};
      static constexpr const char* kSiblings[] = {"INTERRUPT", "INTERRUPT", "BARRIER", "DRAIN"};
      more =
          absl::StrCat(R"(,"saga":{"undeclared":"READ_ONLY","order":")", kOrders[random_.Below(4)],
                       R"(","siblings":")", kSiblings[random_.Below(4)],
                       R"(","settleTimeoutSeconds":)", 2 + random_.Below(8), "}");
    }
    if (random_.Chance(120)) more += R"(,"timeoutSeconds":25,"timeoutPolicy":"TIME_OUT_WF")";
    if (id_ > 1 && random_.Chance(150)) {
      more += absl::StrCat(R"(,"failureWorkflow":")", Other(), "\"");
    }
    return absl::StrCat(R"({"name":")", name, R"(","version":1,"tasks":[)",
                        absl::StrJoin(tasks, ","), "]", more, "}");
  }

 private:
  std::string Reference() { return absl::StrCat("r", ++references_); }

  std::vector<std::string> List(int depth, std::uint64_t length) {
    std::vector<std::string> tasks;
    for (std::uint64_t i = 0; i < length; ++i) {
      const std::uint64_t pick = random_.Below(100);
      if (depth < 2 && pick < 16) {
        Fork(depth, tasks);
      } else if (depth < 2 && pick < 24) {
        tasks.push_back(Switch(depth));
      } else if (depth < 2 && pick < 34) {
        DynamicFork(tasks);
      } else if (depth < 2 && pick >= 92) {
        tasks.push_back(Loop(depth));
      } else if (pick >= 86) {
        tasks.push_back(Script());
      } else if (pick < 40) {
        tasks.push_back(Dynamic());
      } else if (pick < 44) {
        tasks.push_back(absl::StrCat(R"({"name":"set","taskReferenceName":")", Reference(),
                                     R"(","type":"SET_VARIABLE","inputParameters":{"v":)",
                                     random_.Below(9), "}}"));
      } else if (pick < 50) {
        tasks.push_back(Wait());
      } else if (pick < 54 && id_ > 1) {
        tasks.push_back(SubWorkflow());
      } else if (pick < 56 && id_ > 1) {
        tasks.push_back(StartWorkflow());
      } else {
        tasks.push_back(Simple());
      }
    }
    return tasks;
  }

  std::string Script() {
    static constexpr const char* kScripts[] = {
        R"("type":"INLINE","inputParameters":{"expression":"1"})",
        R"("type":"LAMBDA","inputParameters":{"scriptExpression":"return 1;"})",
        R"("type":"JSON_JQ_TRANSFORM","inputParameters":{"queryExpression":"."})"};
    return absl::StrCat(R"({"name":"script","taskReferenceName":")", Reference(), R"(",)",
                        kScripts[random_.Below(3)],
                        random_.Chance(500) ? R"(,"optional":true})" : "}");
  }

  // Over a list, while its condition holds, or both.
  std::string Loop(int depth) {
    const std::string before = last_simple_;
    const std::string reference = Reference();
    const std::string body = absl::StrJoin(List(depth + 1, 1 + random_.Below(2)), ",");
    last_simple_ = before;
    const std::uint64_t kind = random_.Below(3);
    std::string more = kind == 0 ? "" : R"(,"loopCondition":"$.x")";
    if (kind != 1) more += R"(,"items":[1,{"two":2},3])";
    const std::string input = random_.Chance(500) ? R"({"keepLastN":1})" : "{}";
    return absl::StrCat(R"({"name":"loop","taskReferenceName":")", reference,
                        R"(","type":"DO_WHILE","inputParameters":)", input, more,
                        R"(,"loopOver":[)", body, "]}");
  }

  std::string Other() {
    return absl::StrCat("d", 1 + random_.Below(static_cast<std::uint64_t>(id_) - 1));
  }

  std::string SubWorkflow() {
    std::string more;
    if (random_.Chance(300)) more += R"(,"retryCount":1)";
    if (random_.Chance(100)) more += R"(,"optional":true)";
    if (random_.Chance(150)) {
      more += absl::StrCat(R"(,"taskDefinition":{"name":"sub","retryCount":0,"timeoutSeconds":)",
                           5 + random_.Below(20), R"(,"responseTimeoutSeconds":1}})");
    }
    if (saga_ && random_.Chance(100)) {
      more += absl::StrCat(R"(,"compensateWith":"u)", random_.Below(kTypes), "\"");
    }
    return absl::StrCat(R"({"name":"sub","taskReferenceName":")", Reference(),
                        R"(","type":"SUB_WORKFLOW","inputParameters":{"n":"${workflow.input.n}"},)",
                        R"("subWorkflowParam":{"name":")", Other(), R"(","version":1})", more, "}");
  }

  std::string StartWorkflow() {
    return absl::StrCat(R"({"name":"start","taskReferenceName":")", Reference(),
                        R"(","type":"START_WORKFLOW","inputParameters":{"startWorkflow":{"name":")",
                        Other(), R"(","version":1,"input":{"n":1}}}})");
  }

  std::string Simple() {
    const std::uint64_t type = random_.Below(kTypes);
    const std::string reference = Reference();
    std::string more;
    if (saga_ && random_.Chance(750)) {
      more = Compensation(type);
    } else if (random_.Chance(120)) {
      more = R"(,"optional":true)";
    }
    const std::string read = last_simple_.empty() ? "${workflow.input.n}"
                                                  : absl::StrCat("${", last_simple_, ".output.v}");
    last_simple_ = reference;
    return absl::StrCat(R"({"name":"t)", type, R"(","taskReferenceName":")", reference,
                        R"(","type":"SIMPLE","inputParameters":{"from":")", read, R"("})", more,
                        "}");
  }

  std::string Compensation(std::uint64_t type) {
    if (random_.Chance(400)) return absl::StrCat(R"(,"compensateWith":"u)", type, R"(")");
    static constexpr const char* kUnknown[] = {"", R"(,"unknown":"PARK")", R"(,"unknown":"PROBE")",
                                               R"(,"unknown":"COMPENSATE")"};
    static constexpr const char* kInFlight[] = {"", R"(,"inFlight":"SETTLE")",
                                                R"(,"inFlight":"COMPENSATE_NOW")", ""};
    const std::uint64_t unknown = random_.Below(4);
    const std::string probe = absl::StrCat(R"(,"probe":{"name":"p)", type, R"("})");
    return absl::StrCat(R"(,"saga":{"kind":"COMPENSABLE","compensation":{"name":"u)", type,
                        R"(","retryCount":)", random_.Below(4), R"(,"retryDelaySeconds":1,)",
                        R"("onExhausted":")", random_.Chance(200) ? "SKIP" : "PARK", R"("})",
                        kUnknown[unknown], unknown == 2 ? probe : "", kInFlight[random_.Below(4)],
                        "}");
  }

  std::string Pivot() {
    const std::uint64_t type = random_.Below(kTypes);
    return absl::StrCat(R"({"name":"t)", type, R"(","taskReferenceName":")", Reference(),
                        R"(","type":"SIMPLE","saga":{"kind":"PIVOT","unknown":"PROBE",)",
                        R"("probe":{"name":"p)", type, R"("}}})");
  }
  std::string Retryable() {
    return absl::StrCat(R"({"name":"t)", random_.Below(kTypes), R"(","taskReferenceName":")",
                        Reference(), R"(","type":"SIMPLE","saga":{"kind":"RETRYABLE"}})");
  }

  // Of either kind: the step brings its undo along, or the type has one, or neither.
  std::string Dynamic() {
    const std::uint64_t type = random_.Below(kTypes);
    const bool own = saga_ && random_.Chance(500);
    const char* kind = !own && random_.Chance(500) ? "s" : "t";
    return absl::StrCat(R"({"name":"dynamic","taskReferenceName":")", Reference(),
                        R"(","type":"DYNAMIC","dynamicTaskNameParam":"what",)",
                        R"("inputParameters":{"what":")", kind, type, R"("})",
                        own ? Compensation(type) : "", "}");
  }

  void DynamicFork(std::vector<std::string>& tasks) {
    const std::string reference = Reference();
    const std::string head = absl::StrCat(R"({"name":"fork","taskReferenceName":")", reference,
                                          R"(","type":"FORK_JOIN_DYNAMIC",)");
    if (random_.Chance(500)) {
      std::vector<std::string> elements(random_.Below(5), R"({"x":"${workflow.input.n}"})");
      tasks.push_back(absl::StrCat(head, R"("optional":)", random_.Chance(150) ? "true" : "false",
                                   R"(,"inputParameters":{"forkTaskName":")",
                                   random_.Chance(600) ? "s" : "t", random_.Below(kTypes),
                                   R"(","forkTaskInputs":[)", absl::StrJoin(elements, ","), "]}}"));
    } else {
      std::vector<std::string> made;
      for (std::uint64_t i = 1 + random_.Below(3); i > 0; --i) {
        const std::string before = last_simple_;
        made.push_back(random_.Chance(250)   ? Switch(1)
                       : random_.Chance(200) ? Dynamic()
                                             : Simple());
        last_simple_ = before;
      }
      tasks.push_back(absl::StrCat(
          head, R"("dynamicForkTasksParam":"tasks","dynamicForkTasksInputParamName":"inputs",)",
          R"("inputParameters":{"inputs":{},"tasks":[)", Escaped(absl::StrJoin(made, ",")), "]}}"));
    }
    tasks.push_back(absl::StrCat(R"({"name":"join","taskReferenceName":")", Reference(),
                                 R"(","type":"JOIN"})"));
  }

  // Expressions in steps that are themselves an input are evaluated when those steps are made.
  static std::string Escaped(const std::string& steps) {
    return absl::StrReplaceAll(steps, {{"${", "$${"}});
  }

  std::string Wait() {
    const std::string head =
        absl::StrCat(R"({"name":"wait","taskReferenceName":")", Reference(), R"(","type":"WAIT")");
    if (random_.Chance(300)) return head + R"(,"inputParameters":{}})";
    return absl::StrCat(head, R"(,"inputParameters":{"duration":")", 1 + random_.Below(15),
                        R"( seconds"}})");
  }

  void Fork(int depth, std::vector<std::string>& tasks) {
    std::vector<std::string> branches;
    std::vector<std::string> ends;
    const std::string before = last_simple_;
    for (std::uint64_t i = 2 + random_.Below(2); i > 0; --i) {
      last_simple_ = before;
      std::vector<std::string> branch = List(depth + 1, random_.Below(2));
      // Branches end in a plain step, whose reference the join waits for.
      branch.push_back(Simple());
      ends.push_back(absl::StrCat("\"", last_simple_, "\""));
      branches.push_back(absl::StrCat("[", absl::StrJoin(branch, ","), "]"));
    }
    last_simple_ = before;
    tasks.push_back(absl::StrCat(R"({"name":"fork","taskReferenceName":")", Reference(),
                                 R"(","type":"FORK_JOIN","forkTasks":[)",
                                 absl::StrJoin(branches, ","), "]}"));
    tasks.push_back(absl::StrCat(R"({"name":"join","taskReferenceName":")", Reference(),
                                 R"(","type":"JOIN","joinOn":[)", absl::StrJoin(ends, ","), "]}"));
  }

  std::string Switch(int depth) {
    const std::string before = last_simple_;
    const std::string reference = Reference();
    const std::string a = absl::StrJoin(List(depth + 1, 1 + random_.Below(2)), ",");
    last_simple_ = before;
    const std::string b = absl::StrJoin(List(depth + 1, random_.Below(2)), ",");
    last_simple_ = before;
    std::string other;
    if (random_.Chance(150)) {
      other = absl::StrCat(R"({"name":"end","taskReferenceName":")", Reference(),
                           R"(","type":"TERMINATE","inputParameters":{"terminationStatus":")",
                           random_.Chance(600) ? "FAILED" : "COMPLETED", R"("}})");
    }
    return absl::StrCat(R"({"name":"switch","taskReferenceName":")", reference,
                        R"(","type":"SWITCH","evaluatorType":"value-param","expression":"x",)",
                        R"("inputParameters":{"x":"${workflow.input.n}"},"decisionCases":{"1":[)",
                        a, R"(],"2":[)", b, R"(]},"defaultCase":[)", other, "]}");
  }

  SimRandom random_;
  const std::int64_t id_;
  bool saga_ = false;
  int references_ = 0;
  std::string last_simple_;
};

std::shared_ptr<const core::Definition> Make(std::int64_t id) {
  // Rules of well-formed sagas refuse some of what the author writes: it tries again.
  std::vector<core::Mistake> mistakes;
  for (std::uint64_t attempt = 0; attempt < 50; ++attempt) {
    Author author(static_cast<std::uint64_t>(id) * 1'000 + attempt, id);
    const std::string json = author.Write(absl::StrCat("d", id));
    core::Parsed<core::Definition> parsed = core::ParseDefinition(json, TaskJson, {});
    if (!parsed.ok()) {
      mistakes = parsed.mistakes;
      continue;
    }
    auto definition = std::make_shared<core::Definition>(*std::move(parsed.value));
    definition->id = id;
    return definition;
  }
  std::fprintf(stderr, "no definition %lld can be made: %s\n", static_cast<long long>(id),
               core::FormatMistakes(mistakes, 5).c_str());
  std::abort();
}

}  // namespace

std::shared_ptr<const core::Definition> DefinitionNumber(std::int64_t id) {
  static std::array<std::shared_ptr<const core::Definition>, kDefinitions + 1> made;
  if (made[id] == nullptr) made[id] = Make(id);
  return made[id];
}

core::TaskDefinitions TaskDefinitionsNamed(const std::vector<std::string>& names) {
  core::TaskDefinitions definitions;
  for (const std::string& name : names) {
    definitions[name] = core::Payload(TaskJson(name).value_or(""));
  }
  return definitions;
}

runtime::TaskLimits TaskLimitsOfAll() {
  static const runtime::TaskLimits limits = [] {
    runtime::TaskLimitTable table;
    table["default"]["t1"] = {.places = 2};
    table["default"]["u1"] = {.places = 1};
    table["default"]["t2"] = {.starts = 3, .window_us = 2 * core::kSecondUs};
    table["default"]["s0"] = {.places = 3, .places_per_key = 1, .key = "x"};
    return std::make_shared<const runtime::TaskLimitTable>(std::move(table));
  }();
  return limits;
}

const std::vector<std::string>& AllTaskTypes() {
  static const std::vector<std::string> types = [] {
    std::vector<std::string> result;
    for (const char* kind : {"t", "s", "u", "p"}) {
      for (int type = 0; type < kTypes; ++type) result.push_back(absl::StrCat(kind, type));
    }
    return result;
  }();
  return types;
}

}  // namespace skald::sim
