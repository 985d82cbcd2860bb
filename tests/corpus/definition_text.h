// What the runner reads from a definition, and what it changes in it, as the README of the corpus
// says the reference was driven.
//
// Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace skald::corpus {

// Every http and https address leads to `host_port`; path and query stay.
boost::json::object WithAddresses(const boost::json::object& definition,
                                  std::string_view host_port);

// The type strings of all steps, nested ones and those of inline sub-workflows included.
std::set<std::string> StepTypes(const boost::json::object& definition);

// What workers have to serve: the names of SIMPLE steps, the types and names of steps whose type no
// server knows, and the names that a dynamic fork may take.
std::set<std::string> WorkerTypes(const boost::json::object& definition);

// The references of WAIT and HUMAN steps: the driver completes them.
std::set<std::string> WaitingReferences(const boost::json::object& definition);

// {"<name>": "v_<name>"} for each of `inputParameters`.
std::string StartInput(const boost::json::object& definition);

// False when it has a fork of any kind: then the order of its tasks is not determined.
bool HasDeterminedOrder(const boost::json::object& definition);

// The reference of a task record: the step's, with __n when it ran in iteration n of a loop; and
// the step's reference again.
std::string ReferenceInLoop(const std::string& reference, std::int64_t iteration);
std::string PlainReference(std::string_view reference);

}  // namespace skald::corpus
