#include "engine/app/test_report.h"

#include <fmt/format.h>

#include "engine/app/client_json.h"
#include "engine/core/types.h"
#include <boost/json.hpp>

namespace skald::app {
namespace {

namespace json = boost::json;

using Entry = v1::TestWorkflowResponse::Entry;

// "undo charge#2".
std::string StepText(const Entry& entry) {
  std::string prefix;
  if (entry.operation() == "COMPENSATE") prefix = "undo ";
  if (entry.operation() == "PROBE") prefix = "probe ";
  if (entry.operation() == "EVALUATE") prefix = "condition ";
  if (entry.attempt() == 0) return prefix + entry.reference();
  return fmt::format("{}{}#{}", prefix, entry.reference(), entry.attempt());
}

json::array Texts(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(json::string(text));
  return array;
}

json::object EntryObject(const Entry& entry) {
  json::object object;
  object["at_us"] = entry.at_us();
  object["workflow"] = entry.workflow();
  object["workflow_id"] = entry.workflow_id();
  object["seq"] = entry.seq();
  object["event"] = entry.event();
  if (!entry.operation().empty()) object["operation"] = entry.operation();
  if (!entry.reference().empty()) object["reference"] = entry.reference();
  if (entry.attempt() != 0) object["attempt"] = entry.attempt();
  if (!entry.result().empty()) object["result"] = entry.result();
  return object;
}

std::string Joined(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

}  // namespace

std::string TestText(const v1::TestWorkflowResponse& report) {
  std::string text;
  for (const Entry& entry : report.timeline()) {
    const double seconds = static_cast<double>(entry.at_us()) / core::kSecondUs;
    std::string line =
        fmt::format("{:>12.3f} s  {:<16} {:<22} {:<24} {}", seconds, entry.workflow(),
                    entry.event(), StepText(entry), entry.result());
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  text += fmt::format("\n{} {} after {:.3f} s of virtual time\n", ShortName(report.status()),
                      ShortName(report.saga_status()),
                      static_cast<double>(report.virtual_us()) / core::kSecondUs);
  if (!report.reason().empty()) text += fmt::format("reason    {}\n", report.reason());
  if (!report.output().empty()) text += fmt::format("output    {}\n", report.output());
  text += fmt::format("executed  {}\n", Joined(report.executed()));
  if (report.undone_size() > 0) text += fmt::format("undone    {}\n", Joined(report.undone()));
  for (const std::string& warning : report.warnings()) text += "warning   " + warning + "\n";
  for (const std::string& difference : report.differences())
    text += "DIFFERS   " + difference + "\n";
  return text + (report.passed() ? "passed\n" : "NOT PASSED\n");
}

std::string TestJson(const v1::TestWorkflowResponse& report) {
  json::object object;
  object["passed"] = report.passed();
  object["differences"] = Texts(report.differences());
  object["warnings"] = Texts(report.warnings());
  object["status"] = ShortName(report.status());
  object["saga_status"] = ShortName(report.saga_status());
  if (!report.reason().empty()) object["reason"] = report.reason();
  boost::system::error_code error;
  const json::value output = json::parse(report.output(), error);
  object["output"] = error ? json::value() : output;
  object["executed"] = Texts(report.executed());
  object["undone"] = Texts(report.undone());
  object["virtual_us"] = report.virtual_us();
  json::array timeline;
  for (const Entry& entry : report.timeline()) timeline.emplace_back(EntryObject(entry));
  object["timeline"] = std::move(timeline);
  return json::serialize(object);
}

}  // namespace skald::app
