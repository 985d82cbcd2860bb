#include "tests/bench/usage.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"

namespace skald::bench {
namespace {

// Functions that look and write like a SELECT but guard or renew the node's own lease.
constexpr char kNodeCalls[] = "skald\\.(check_fence|renew_node)";

constexpr int64_t kMicrosecondsPerSecond = 1'000'000;

// Fields of /proc/<pid>/stat behind the command's name, counted as proc(5) does.
enum StatField {
  kParent = 4,
  kUserTicks = 14,
  kSystemTicks = 15,
  kChildUser = 16,
  kChildSystem = 17
};
constexpr int kFirstField = 3;

std::vector<int64_t> StatFields(const std::string& pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t name_end = text.rfind(')');
  std::vector<int64_t> fields(kFirstField, 0);
  if (name_end == std::string::npos) {
    return fields;
  }
  for (absl::string_view field :
       absl::StrSplit(text.substr(name_end + 1), absl::ByAnyChar(" \n"), absl::SkipEmpty())) {
    int64_t value = 0;
    fields.push_back(absl::SimpleAtoi(field, &value) ? value : 0);  // the state is a letter
  }
  return fields;
}

int64_t TicksToUs(int64_t ticks) { return ticks * kMicrosecondsPerSecond / sysconf(_SC_CLK_TCK); }

int64_t OwnTicks(const std::vector<int64_t>& fields) {
  return fields.size() > kChildSystem ? fields[kUserTicks] + fields[kSystemTicks] : 0;
}

}  // namespace

int64_t ProcessCpuUs(pid_t pid) { return TicksToUs(OwnTicks(StatFields(std::to_string(pid)))); }

int64_t ProcessTreeCpuUs(pid_t pid) {
  const std::vector<int64_t> top = StatFields(std::to_string(pid));
  int64_t ticks = OwnTicks(top);
  if (top.size() > kChildSystem) {
    ticks += top[kChildUser] + top[kChildSystem];
  }
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) {
      continue;
    }
    const std::vector<int64_t> fields = StatFields(name);
    if (fields.size() > kChildSystem && fields[kParent] == pid) {
      ticks += OwnTicks(fields);
    }
  }
  return TicksToUs(ticks);
}

double ResidentMib(pid_t pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/statm"));
  int64_t total_pages = 0;
  int64_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  constexpr double kMib = 1024.0 * 1024.0;
  return static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / kMib;
}

absl::StatusOr<DatabaseCounters> ReadCounters(Database& maintenance, const std::string& database) {
  ASSIGN_OR_RETURN(
      const std::vector<double> numbers,
      maintenance.Numbers(absl::StrCat(
          "SELECT xact_commit + xact_rollback, "
          "pg_snapshot_xmax(pg_current_snapshot())::text::numeric, "
          "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0'), "
          "(SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE dbid = datid), "
          "(SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE dbid = datid "
          "AND query ~* '^\\s*select' AND query !~ '",
          kNodeCalls,
          "') "
          "FROM pg_stat_database WHERE datname = '",
          database, "'")));
  return DatabaseCounters{numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]};
}

}  // namespace skald::bench
