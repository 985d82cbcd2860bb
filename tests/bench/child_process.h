// ChildProcess: a process that the bench started, spoken to over its standard input and output.
//
// Owns the process: the destructor ends it and waits for it. The kernel ends it too when the bench
// itself dies. Single-threaded; start children before the process has threads of its own.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/bench/control.h"

namespace skald::bench {

class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> command;  // path of the program, then its arguments
    std::string log_path;              // where standard error is appended to; empty: inherited
    bool log_output = false;           // standard output goes to the log too; then nothing is read
  };

  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const Options& options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Reads the next report line. UNAVAILABLE when the child has ended instead.
  absl::StatusOr<Report> ReadReport();

  // Sends one command line and reads the answer.
  absl::StatusOr<Report> Ask(std::string_view command);

  // Sends a command line, to be answered by a later ReadReport.
  absl::Status Tell(std::string_view command);

  // Ends the process: end of input and SIGTERM, then SIGKILL after a grace period.
  void Stop();

  // Waits until the process ends by itself; OK if it did so with exit code 0.
  absl::Status Wait();

  bool Running();
  pid_t pid() const { return pid_; }

 private:
  ChildProcess(pid_t pid, FILE* in, FILE* out);
  void CloseStreams();
  bool Reap(bool wait);

  pid_t pid_;
  bool reaped_ = false;
  int exit_status_ = 0;  // as waitpid tells it, once reaped
  FILE* in_;             // the child's standard input
  FILE* out_;            // the child's standard output; null when it goes to the log
};

}  // namespace skald::bench
