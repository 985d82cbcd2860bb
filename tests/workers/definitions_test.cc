// The sample definitions are accepted without a word, and the sample services serve all of their
// types.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "boost/json.hpp"
#include "engine/core/definition_parser.h"
#include "tests/support/paths.h"
#include "workers/inventory/inventory.h"
#include "workers/payment/payment.h"
#include "workers/service/service.h"
#include "workers/shipping/shipping.h"
#include "workers/travel/travel.h"

namespace skald {
namespace {

using testing::ReadFileOrDie;

std::vector<std::filesystem::path> JsonFilesOf(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(testing::SourceDir() / folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  return files;
}

// Task definitions by name, as JSON.
std::map<std::string, std::string> TaskDefinitions() {
  std::map<std::string, std::string> all;
  for (const auto& file : JsonFilesOf("workflows/task-definitions")) {
    const std::string json = ReadFileOrDie(file);
    const boost::json::value parsed = boost::json::parse(json);
    const std::string name = parsed.at("name").as_string().c_str();
    EXPECT_EQ(file.stem().string(), name);
    all[name] = json;
  }
  return all;
}

TEST(DefinitionsTest, AreAcceptedWithoutMistakeOrWarning) {
  const auto task_definitions = TaskDefinitions();
  for (const auto& [name, json] : task_definitions) {
    const auto parsed = core::ParseTaskDefinition(json);
    EXPECT_TRUE(parsed.ok()) << name << ": " << core::FormatMistakes(parsed.mistakes, 10);
  }
  const auto lookup = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = task_definitions.find(name);
    if (found == task_definitions.end()) return std::nullopt;
    return found->second;
  };
  const auto files = JsonFilesOf("workflows");
  EXPECT_GE(files.size(), 2u);
  for (const auto& file : files) {
    const auto parsed = core::ParseDefinition(ReadFileOrDie(file), lookup, {});
    EXPECT_TRUE(parsed.ok()) << file << ": " << core::FormatMistakes(parsed.mistakes, 10);
    EXPECT_EQ(core::FormatMistakes(parsed.warnings, 10), "") << file;
  }
}

TEST(DefinitionsTest, ServicesServeEveryTaskType) {
  std::set<std::string> served;
  for (const auto& definition :
       {inventory::Service(), payment::Service(), shipping::Service(), travel::Service()}) {
    sdk::Worker worker({});
    definition.add_handlers(worker);
    for (const auto& [type, handlers] : worker.handlers().types()) served.insert(type);
  }
  std::set<std::string> defined;
  for (const auto& [name, json] : TaskDefinitions()) defined.insert(name);
  EXPECT_EQ(served, defined);
}

TEST(DefinitionsTest, AServiceWithWrongFlagsEndsWithTwo) {
  std::string name = "payment";
  std::string flag = "--frob";
  char* arguments[] = {name.data(), flag.data(), nullptr};
  ASSERT_EQ(unsetenv("DATABASE_URL"), 0);
  EXPECT_EQ(service::Main(1, arguments, payment::Service()), 2);  // --database-url is missing
  EXPECT_EQ(service::Main(2, arguments, payment::Service()), 2);
}

TEST(DefinitionsTest, InputsAreJsonObjectsOfDifferentOrders) {
  std::set<std::string> orders;
  for (const auto& file : JsonFilesOf("workflows/inputs")) {
    const auto input = boost::json::parse(ReadFileOrDie(file));
    EXPECT_TRUE(orders.insert(input.at("orderId").as_string().c_str()).second) << file;
  }
}

}  // namespace
}  // namespace skald
