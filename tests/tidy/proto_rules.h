// Rules about the .proto files: what was given out keeps its number and its meaning for ever.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source_file.h"

namespace skald::tidy {

// One field or enum value: "skald.v1.Hello.worker_id" with its number and type. Enum values have
// the type "enum"; a number that is kept from use has the type "reserved", and no name but it.
struct ProtoEntry {
  int number = 0;
  std::string type;

  friend bool operator==(const ProtoEntry&, const ProtoEntry&) = default;
};

struct ProtoDescription {
  std::map<std::string, ProtoEntry> entries;
  // Numbers that a message or enum keeps from use: "skald.v1.Hello" -> 5.
  std::multimap<std::string, int> reserved;
  // Enums whose first value is not …_UNSPECIFIED = 0.
  Findings mistakes;
};

// Reads what the files declare. The files are taken to be valid: protoc has compiled them.
ProtoDescription Describe(const std::vector<SourceFile>& protos);

// The list as it is kept: one "name = number type" per line, sorted by name.
std::string WriteList(const std::map<std::string, ProtoEntry>& entries);
std::map<std::string, ProtoEntry> ReadList(std::string_view text);

// Compares what was given out (`kept`) with what is there: an entry may go only when its number is
// reserved, and may not change its number or type. New entries are findings too, until the list has
// them.
Findings CheckProtoFields(const std::map<std::string, ProtoEntry>& kept,
                          const ProtoDescription& now);

struct RewrittenList {
  std::string text;
  // Not empty: the change breaks what was given out, and the list must stay as it is.
  Findings refusals;
};

RewrittenList RewriteList(const std::map<std::string, ProtoEntry>& kept,
                          const ProtoDescription& now);

}  // namespace skald::tidy
