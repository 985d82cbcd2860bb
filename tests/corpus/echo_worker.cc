#include "tests/corpus/echo_worker.h"

#include <iostream>

#include "tests/corpus/definition_text.h"
#include <boost/json.hpp>

namespace skald::corpus {
namespace {

constexpr std::size_t kTypesPerStreamMax = 256;  // worker.proto, Hello.task_types

sdk::Result Answer(sdk::Task& task) {
  const sdk::TaskData& data = task.data();
  return sdk::Result::Completed(Echo(data.input, ReferenceInLoop(data.reference, data.iteration)));
}

}  // namespace

std::string Echo(std::string_view input, const std::string& reference) {
  boost::json::error_code error;
  boost::json::value value = boost::json::parse({input.data(), input.size()}, error);
  if (error || !value.is_object()) value = boost::json::object();
  value.get_object()["echo"] = reference;
  return boost::json::serialize(value);
}

EchoWorkers::EchoWorkers(const std::string& address, const std::set<std::string>& task_types) {
  std::size_t count = 0;
  for (const std::string& type : task_types) {
    if (count++ % kTypesPerStreamMax == 0) {
      workers_.push_back(
          std::make_unique<sdk::Worker>(sdk::WorkerOptions{.server = address, .threads = 0}));
    }
    workers_.back()->Handle(type, Answer);
  }
  for (const auto& worker : workers_) {
    threads_.emplace_back([&worker = *worker] {
      const absl::Status status = worker.Run();
      if (!status.ok()) std::cerr << "corpus: worker: " << status << std::endl;
    });
  }
}

EchoWorkers::~EchoWorkers() {
  for (const auto& worker : workers_) worker->Drain();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace skald::corpus
