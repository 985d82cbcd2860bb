#include "tests/sim/author.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace skald::sim {
namespace {

// Expressions in steps that are themselves an input are evaluated when those steps are made.
std::string Escaped(const std::string& steps) {
  return absl::StrReplaceAll(steps, {{"${", "$${"}});
}

std::string Listed(const std::vector<std::string>& steps) { return absl::StrJoin(steps, ","); }

bool IsJoin(const std::string& step) { return absl::StartsWith(step, R"({"name":"join")"); }

}  // namespace

std::string Author::Write(const std::string& name) {
  saga_ = random_.Chance(750);
  std::vector<std::string> tasks = List(0, 1 + random_.Below(4));
  if (saga_ && random_.Chance(250)) {
    tasks.push_back(Pivot());
    for (std::uint64_t i = random_.Below(3); i > 0; --i) tasks.push_back(Retryable());
  }
  name_ = name;
  tasks_ = std::move(tasks);
  rest_ = saga_ ? SagaSettings() : "";
  rest_ += WorkflowRules();
  return Whole(1, tasks_);
}

std::string Author::Whole(std::int32_t version, const std::vector<std::string>& tasks) const {
  return absl::StrCat(R"({"name":")", name_, R"(","version":)", version, R"(,"tasks":[)",
                      Listed(tasks), "]", rest_, "}");
}

// References go on where version 1 ended, so that a step never means another one.
std::string Author::WriteVersion(std::int32_t version, std::uint64_t seed) {
  random_ = SimRandom(seed);
  std::vector<std::string> tasks = tasks_;
  references_ += 100 * version;
  for (std::uint64_t i = 1 + random_.Below(3); i > 0; --i) Change(tasks);
  return Whole(version, tasks);
}

// Mostly behind the beginning, where a workflow that runs has not been yet.
void Author::Change(std::vector<std::string>& tasks) {
  last_simple_.clear();
  std::string fresh = random_.Chance(600) ? Simple() : Leaf();
  std::size_t place = random_.Below(tasks.size() + 1);
  const std::uint64_t pick = random_.Below(10);
  if (pick < 4) place = tasks.size();
  // A JOIN follows its fork.
  while (place < tasks.size() && IsJoin(tasks[place])) ++place;
  if (pick == 9 && place < tasks.size()) {
    tasks[place] = std::move(fresh);
  } else {
    tasks.insert(tasks.begin() + static_cast<std::ptrdiff_t>(place), std::move(fresh));
  }
}

std::string Author::SagaSettings() {
  static constexpr const char* kOrders[] = {"CAUSAL", "CAUSAL", "STRICT_REVERSE", "PARALLEL"};
  static constexpr const char* kSiblings[] = {"INTERRUPT", "INTERRUPT", "BARRIER", "DRAIN"};
  return absl::StrCat(R"(,"saga":{"undeclared":"READ_ONLY","order":")", kOrders[random_.Below(4)],
                      R"(","siblings":")", kSiblings[random_.Below(4)],
                      R"(","settleTimeoutSeconds":)", 2 + random_.Below(8), "}");
}

std::string Author::WorkflowRules() {
  std::string more;
  if (random_.Chance(120)) more += R"(,"timeoutSeconds":25,"timeoutPolicy":"TIME_OUT_WF")";
  if (id_ > 1 && random_.Chance(150)) {
    more += absl::StrCat(R"(,"failureWorkflow":")", Other(), "\"");
  }
  if (random_.Chance(200)) {
    more += absl::StrCat(R"(,"rateLimitConfig":{"concurrentExecLimit":)", 1 + random_.Below(2),
                         random_.Chance(700) ? R"(,"rateLimitKey":"key ${workflow.input.n}")" : "",
                         R"(,"policy":")", random_.Chance(800) ? "QUEUE" : "REJECT", R"("})");
  }
  if (random_.Chance(150)) {
    more += R"(,"inputSchema":{"name":"in","type":"JSON","data":{"required":["n"]}})";
  }
  if (random_.Chance(100)) {
    more += R"(,"outputSchema":{"name":"out","type":"JSON","data":)"
            R"({"properties":{"v":{"maximum":12}}}})";
  }
  return more;
}

std::string Author::Reference() { return absl::StrCat("r", ++references_); }

std::string Author::Other() {
  return absl::StrCat("d", 1 + random_.Below(static_cast<std::uint64_t>(id_) - 1));
}

std::string Author::Head(const char* name, const char* type) {
  return absl::StrCat(R"({"name":")", name, R"(","taskReferenceName":")", Reference(),
                      R"(","type":")", type, "\"");
}

std::vector<std::string> Author::List(int depth, std::uint64_t length) {
  std::vector<std::string> tasks;
  for (std::uint64_t i = 0; i < length; ++i) {
    if (depth < 2 && random_.Chance(430)) {
      Construct(depth, tasks);
    } else {
      tasks.push_back(Leaf());
    }
  }
  return tasks;
}

void Author::Construct(int depth, std::vector<std::string>& tasks) {
  const std::uint64_t pick = random_.Below(56);
  if (pick < 16) return Fork(depth, tasks);
  if (pick < 26) return DynamicFork(tasks);
  if (pick < 34) return tasks.push_back(Switch(depth));
  if (pick < 42) return tasks.push_back(Loop(depth));
  if (pick < 46) return ForkWithUpdate(tasks);
  ChoiceAndJoin(tasks);
}

std::string Author::Leaf() {
  const std::uint64_t pick = random_.Below(100);
  if (pick < 8) return Script();
  if (pick < 14) return Dynamic();
  if (pick < 18) {
    return absl::StrCat(Head("set", "SET_VARIABLE"), R"(,"inputParameters":{"v":)",
                        random_.Below(9), "}}");
  }
  if (pick < 23) return Wait();
  if (pick < 26) return Human();
  if (pick < 30) return Event();
  if (pick < 34) return Pull();
  if (pick < 41) return Call();
  if (pick < 43) return LookAtWorkflow();
  if (pick < 45) return Head("noop", "NOOP") + "}";
  if (pick < 51 && id_ > 1) return SubWorkflow();
  if (pick < 55 && id_ > 1) return StartWorkflow();
  return Simple();
}

// ---- constructs
// --------------------------------------------------------------------------------

void Author::Fork(int depth, std::vector<std::string>& tasks) {
  std::vector<std::string> branches;
  std::vector<std::string> ends;
  const std::string before = last_simple_;
  for (std::uint64_t i = 2 + random_.Below(2); i > 0; --i) {
    last_simple_ = before;
    std::vector<std::string> branch = List(depth + 1, random_.Below(2));
    // Branches end in a plain step, whose reference the join waits for.
    branch.push_back(Simple());
    ends.push_back(absl::StrCat("\"", last_simple_, "\""));
    branches.push_back(absl::StrCat("[", Listed(branch), "]"));
  }
  last_simple_ = before;
  tasks.push_back(
      absl::StrCat(Head("fork", "FORK_JOIN"), R"(,"forkTasks":[)", Listed(branches), "]}"));
  tasks.push_back(absl::StrCat(Head("join", "JOIN"), R"(,"joinOn":[)", Listed(ends), "]}"));
}

// One branch waits for a person, the other one does what the person would.
void Author::ForkWithUpdate(std::vector<std::string>& tasks) {
  const std::string before = last_simple_;
  const std::string human = Human();
  const std::string waits = absl::StrCat("r", references_);
  const std::string first = Simple();
  last_simple_ = before;
  const std::string update = absl::StrCat(
      Head("update", "UPDATE_TASK"), R"(,"optional":)", random_.Chance(600) ? "true" : "false",
      R"(,"inputParameters":{"workflowId":"${workflow.workflowId}","taskRefName":")", waits,
      R"(","taskStatus":")", random_.Chance(800) ? "COMPLETED" : "FAILED",
      R"(","taskOutput":{"by":"update"}}})");
  tasks.push_back(absl::StrCat(Head("fork", "FORK_JOIN"), R"(,"forkTasks":[[)", human, "],[", first,
                               ",", update, "]]}"));
  tasks.push_back(absl::StrCat(Head("join", "JOIN"), R"(,"joinOn":[")", waits, R"("]})"));
}

void Author::DynamicFork(std::vector<std::string>& tasks) {
  const std::string head = Head("fork", "FORK_JOIN_DYNAMIC");
  const std::uint64_t style = random_.Below(10);
  if (style < 5) {
    tasks.push_back(SimpleStyle(head));
  } else if (style < 8) {
    tasks.push_back(TaskListStyle(head));
  } else {
    tasks.push_back(LegacyStyle(head));
  }
  tasks.push_back(Head("join", "JOIN") + "}");
}

std::string Author::SimpleStyle(const std::string& head) {
  const std::uint64_t what = random_.Below(10);
  std::string of = absl::StrCat(R"("forkTaskName":")", random_.Chance(600) ? "s" : "t",
                                random_.Below(kTypes), "\"");
  std::string element = R"({"x":"${workflow.input.n}"})";
  if (what == 0 && id_ > 1) {
    of = absl::StrCat(R"("forkTaskWorkflow":")", Other(), R"(","forkTaskWorkflowVersion":"1")");
    element = R"({"n":1})";
  } else if (what == 1) {
    of = R"("forkTaskType":"HTTP")";
    element = R"({"uri":"http://made","method":"POST"})";
  } else if (what < 4) {
    element = "7";
  }
  const std::vector<std::string> elements(random_.Below(5), element);
  return absl::StrCat(head, R"(,"optional":)", random_.Chance(150) ? "true" : "false",
                      R"(,"inputParameters":{)", of, R"(,"forkTaskInputs":[)", Listed(elements),
                      "]}}");
}

std::string Author::TaskListStyle(const std::string& head) {
  std::vector<std::string> made;
  for (std::uint64_t i = 1 + random_.Below(3); i > 0; --i) {
    const std::string before = last_simple_;
    const std::uint64_t pick = random_.Below(20);
    made.push_back(pick < 5    ? Switch(1)
                   : pick < 8  ? Dynamic()
                   : pick < 9  ? Human()
                   : pick < 10 ? Pull()
                   : pick < 11 ? Call()
                               : Simple());
    last_simple_ = before;
  }
  return absl::StrCat(head, R"(,"dynamicForkTasksParam":"tasks",)",
                      R"("dynamicForkTasksInputParamName":"inputs",)",
                      R"("inputParameters":{"inputs":{},"tasks":[)", Escaped(Listed(made)), "]}}");
}

std::string Author::LegacyStyle(const std::string& head) {
  std::vector<std::string> made;
  for (std::uint64_t i = random_.Below(4); i > 0; --i) {
    made.push_back(absl::StrCat(R"({"taskName":"s)", random_.Below(kTypes),
                                R"(","referenceName":")", Reference(), R"(","input":{"x":1}})"));
  }
  return absl::StrCat(head, R"(,"dynamicForkJoinTasksParam":"old","inputParameters":{"old":)",
                      R"({"dynamicTasks":[)", Listed(made), "]}}}");
}

std::string Author::Switch(int depth) {
  const std::string before = last_simple_;
  const std::string head = Head("switch", "SWITCH");
  const bool script = random_.Chance(250);
  const std::string a = Listed(List(depth + 1, 1 + random_.Below(2)));
  last_simple_ = before;
  const std::string b = Listed(List(depth + 1, random_.Below(2)));
  last_simple_ = before;
  std::string other;
  if (random_.Chance(150)) {
    other = absl::StrCat(Head("end", "TERMINATE"), R"(,"inputParameters":{"terminationStatus":")",
                         random_.Chance(600) ? "FAILED" : "COMPLETED", R"("}})");
  }
  return absl::StrCat(head, R"(,"evaluatorType":")", script ? "javascript" : "value-param",
                      R"(","expression":")", script ? "$.x" : "x",
                      R"(","inputParameters":{"x":"${workflow.input.n}"},"decisionCases":{")",
                      script ? "true" : "1", R"(":[)", a, R"(],")", script ? "0" : "2", R"(":[)", b,
                      R"(]},"defaultCase":[)", other, "]}");
}

// A choice whose cases come together again.
void Author::ChoiceAndJoin(std::vector<std::string>& tasks) {
  const std::string before = last_simple_;
  const bool script = random_.Chance(300);
  const std::string head = Head("decide", "DECISION");
  std::vector<std::string> ends;
  std::vector<std::string> cases;
  for (int i = 0; i < 3; ++i) {
    last_simple_ = before;
    cases.push_back(random_.Chance(300) ? Call() + "," + Simple() : Simple());
    ends.push_back(absl::StrCat("\"", last_simple_, "\""));
  }
  last_simple_ = before;
  tasks.push_back(
      absl::StrCat(head, script ? R"(,"caseExpression":"$.x")" : R"(,"caseValueParam":"x")",
                   R"(,"inputParameters":{"x":"${workflow.input.n}"},"decisionCases":{")",
                   script ? "true" : "1", R"(":[)", cases[0], R"(],")", script ? "0" : "2",
                   R"(":[)", cases[1], R"(]},"defaultCase":[)", cases[2], "]}"));
  if (random_.Chance(300)) return;
  // Without the default case there may be nothing to take.
  const bool complete = random_.Chance(850);
  const std::string otherwise = absl::StrCat(R"(,"defaultExclusiveJoinTask":[)", ends.back(), "]");
  ends.pop_back();
  tasks.push_back(absl::StrCat(Head("join", "EXCLUSIVE_JOIN"), R"(,"joinOn":[)", Listed(ends), "]",
                               complete ? otherwise : "", "}"));
}

// Over a list, while its condition holds, or both.
std::string Author::Loop(int depth) {
  const std::string before = last_simple_;
  const std::string head = Head("loop", "DO_WHILE");
  const std::string body = Listed(List(depth + 1, 1 + random_.Below(2)));
  last_simple_ = before;
  const std::uint64_t kind = random_.Below(3);
  std::string more = kind == 0 ? "" : R"(,"loopCondition":"$.x")";
  if (kind != 1) more += R"(,"items":[1,{"two":2},3])";
  const std::string input = random_.Chance(500) ? R"({"keepLastN":1})" : "{}";
  return absl::StrCat(head, R"(,"inputParameters":)", input, more, R"(,"loopOver":[)", body, "]}");
}

// Of either kind: the step brings its undo along, or the type has one, or neither.
std::string Author::Dynamic() {
  const std::uint64_t type = random_.Below(kTypes);
  const bool own = saga_ && random_.Chance(500);
  const char* kind = !own && random_.Chance(500) ? "s" : "t";
  return absl::StrCat(Head("dynamic", "DYNAMIC"), R"(,"dynamicTaskNameParam":"what",)",
                      R"("inputParameters":{"what":")", kind, type, R"("})",
                      own ? Compensation(type) : "", "}");
}

std::string Author::SubWorkflow() {
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
  std::string params =
      random_.Chance(200)
          ? absl::StrCat(R"("name":"inner","workflowDefinition":)", DefinitionInPlace())
          : absl::StrCat(R"("name":")", Other(), R"(","version":1)");
  if (random_.Chance(200)) params += R"(,"priority":9)";
  if (random_.Chance(60)) params += R"(,"idempotencyKey":"ke sub")";
  return absl::StrCat(Head("sub", "SUB_WORKFLOW"),
                      R"(,"inputParameters":{"n":"${workflow.input.n}"},"subWorkflowParam":{)",
                      params, "}", more, "}");
}

// A saga or not, whatever its parent is.
std::string Author::DefinitionInPlace() {
  const bool saga = std::exchange(saga_, random_.Chance(600));
  const std::string before = std::exchange(last_simple_, "");
  std::vector<std::string> tasks = {Simple()};
  if (random_.Chance(300)) tasks.push_back(Wait());
  if (random_.Chance(500)) tasks.push_back(Simple());
  const std::string json =
      absl::StrCat(R"({"name":"inner )", Reference(), R"(","version":)", 1 + random_.Below(9),
                   R"(,"tasks":[)", Listed(tasks), "]", saga_ ? SagaSettings() : "", "}");
  saga_ = saga;
  last_simple_ = before;
  return json;
}

// The key's name says by which strategy it is claimed (verdict.cc).
std::string Author::StartWorkflow() {
  static constexpr const char* kKeys[] = {
      "", R"(,"idempotencyKey":"ke ${workflow.input.n}")",
      R"(,"idempotencyKey":"kf ${workflow.input.n}","idempotencyStrategy":"FAIL")",
      R"(,"idempotencyKey":"kr","idempotencyStrategy":"FAIL_ON_RUNNING")"};
  return absl::StrCat(Head("start", "START_WORKFLOW"),
                      R"(,"inputParameters":{"startWorkflow":{"name":")", Other(),
                      R"(","version":1,"input":{"n":1})", kKeys[random_.Below(4)],
                      random_.Chance(200) ? R"(,"priority":5)" : "", "}}",
                      random_.Chance(500) ? R"(,"optional":true})" : "}");
}

// ---- what a worker or a runner does
// ------------------------------------------------------------

std::string Author::Simple() {
  const std::uint64_t type = random_.Below(kTypes);
  const std::string reference = Reference();
  std::string more;
  if (saga_ && random_.Chance(750)) {
    more = Compensation(type);
  } else if (random_.Chance(120)) {
    more = R"(,"optional":true)";
  } else if (random_.Chance(60)) {
    more = R"(,"permissive":true)";
  }
  if (!saga_ && random_.Chance(350)) {
    more += absl::StrCat(R"(,"cacheConfig":{"key":"of ${from}","ttlInSecond":)",
                         1 + random_.Below(kCacheSecondsMax), "}");
  }
  if (random_.Chance(60)) more += R"(,"startDelay":1)";
  const std::string read =
      last_simple_.empty() ? "${workflow.input.n}" : absl::StrCat("${", last_simple_, ".output.v}");
  last_simple_ = reference;
  return absl::StrCat(R"({"name":"t)", type, R"(","taskReferenceName":")", reference,
                      R"(","type":"SIMPLE","inputParameters":{"from":")", read, R"("})", more, "}");
}

// Of a worker, of a person, of a call, or a workflow.
std::string Author::UndoOf(std::uint64_t type) {
  const std::uint64_t pick = random_.Below(100);
  if (pick < 8) {
    return R"("name":"call","type":"HTTP","inputParameters":{"uri":"http://undo","method":"POST"})";
  }
  if (pick < 14) return R"("name":"person","type":"HUMAN")";
  if (pick < 17 && id_ > 1) {
    return absl::StrCat(R"("name":")", Other(), R"(","type":"SUB_WORKFLOW")");
  }
  return absl::StrCat(R"("name":"u)", type, "\"");
}

std::string Author::Compensation(std::uint64_t type) {
  if (random_.Chance(400)) return absl::StrCat(R"(,"compensateWith":"u)", type, R"(")");
  static constexpr const char* kUnknown[] = {"", R"(,"unknown":"PARK")", R"(,"unknown":"PROBE")",
                                             R"(,"unknown":"COMPENSATE")"};
  static constexpr const char* kInFlight[] = {"", R"(,"inFlight":"SETTLE")",
                                              R"(,"inFlight":"COMPENSATE_NOW")", ""};
  const std::uint64_t unknown = random_.Below(4);
  const std::string probe = absl::StrCat(R"(,"probe":{"name":"p)", type, R"("})");
  return absl::StrCat(R"(,"saga":{"kind":"COMPENSABLE","compensation":{)", UndoOf(type),
                      R"(,"retryCount":)", random_.Below(4), R"(,"retryDelaySeconds":1,)",
                      R"("onExhausted":")", random_.Chance(200) ? "SKIP" : "PARK", R"("})",
                      kUnknown[unknown], unknown == 2 ? probe : "", kInFlight[random_.Below(4)],
                      "}");
}

std::string Author::MaybeUndone(unsigned per_mille) {
  return saga_ && random_.Chance(per_mille) ? Compensation(random_.Below(kTypes)) : "";
}

std::string Author::Pivot() {
  const std::uint64_t type = random_.Below(kTypes);
  return absl::StrCat(R"({"name":"t)", type, R"(","taskReferenceName":")", Reference(),
                      R"(","type":"SIMPLE","saga":{"kind":"PIVOT","unknown":"PROBE",)",
                      R"("probe":{"name":"p)", type, R"("}}})");
}

std::string Author::Retryable() {
  return absl::StrCat(R"({"name":"t)", random_.Below(kTypes), R"(","taskReferenceName":")",
                      Reference(), R"(","type":"SIMPLE","saga":{"kind":"RETRYABLE"}})");
}

std::string Author::Script() {
  static constexpr const char* kScripts[] = {
      R"("inputParameters":{"expression":"1"})",
      R"("inputParameters":{"scriptExpression":"return 1;"})",
      R"("inputParameters":{"queryExpression":"."})"};
  static constexpr const char* kScriptTypes[] = {"INLINE", "LAMBDA", "JSON_JQ_TRANSFORM"};
  const std::uint64_t which = random_.Below(3);
  return absl::StrCat(Head("script", kScriptTypes[which]), ",", kScripts[which],
                      random_.Chance(500) ? R"(,"optional":true})" : "}");
}

std::string Author::Call() {
  const bool http = random_.Chance(700);
  const std::string input =
      http ? R"("uri":"http://do","method":"POST")" : R"("target":"a:1","method":"p.S/M")";
  std::string more = MaybeUndone(600);
  if (more.empty() && random_.Chance(300)) more = R"(,"optional":true)";
  if (random_.Chance(400)) more += R"(,"retryCount":2)";
  if (http && random_.Chance(200)) more += R"(,"asyncComplete":true)";
  return absl::StrCat(Head("call", http ? "HTTP" : "GRPC"), R"(,"inputParameters":{)", input, "}",
                      more, "}");
}

std::string Author::LookAtWorkflow() {
  return absl::StrCat(Head("look", "GET_WORKFLOW"),
                      R"(,"inputParameters":{"id":"${workflow.workflowId}","includeTasks":)",
                      random_.Chance(500) ? "true" : "false",
                      random_.Chance(500) ? R"(},"optional":true})" : "}}");
}

// ---- what the decision does, or the outside
// ----------------------------------------------------

std::string Author::Wait() {
  const std::string head = Head("wait", "WAIT");
  if (random_.Chance(300)) return head + R"(,"inputParameters":{}})";
  if (random_.Chance(250)) {
    // The world begins at 22:13:20 UTC of that day (SimClock).
    static constexpr const char* kMoments[] = {"2023-11-14", "2023-11-14 22:13 UTC",
                                               "2023-11-14 22:14", "2023-11-14 23:15 +01:00"};
    return absl::StrCat(head, R"(,"inputParameters":{"until":")", kMoments[random_.Below(4)],
                        R"("}})");
  }
  return absl::StrCat(head, R"(,"inputParameters":{"duration":")", 1 + random_.Below(15),
                      R"( seconds"}})");
}

std::string Author::Human() {
  const std::string head = Head("human", "HUMAN");
  return absl::StrCat(head, MaybeUndone(200), random_.Chance(200) ? R"(,"optional":true})" : "}");
}

std::string Author::Event() {
  const bool reachable = random_.Chance(900);
  return absl::StrCat(Head("event", "EVENT"), R"(,"sink":")",
                      reachable ? "conductor" : "kafka:topic", "\"",
                      random_.Chance(200) ? R"(,"asyncComplete":true)" : "", MaybeUndone(200), "}");
}

std::string Author::Pull() {
  return absl::StrCat(Head("pull", "PULL_WORKFLOW_MESSAGES"), R"(,"inputParameters":{"batchSize":)",
                      1 + random_.Below(3), random_.Chance(400) ? R"(,"blocking":false}})" : "}}");
}

}  // namespace skald::sim
