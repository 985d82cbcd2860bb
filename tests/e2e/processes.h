// The processes of an end-to-end run, each with a log file, and ports and pages to reach them by.
//
// Single-threaded, from the main thread. What cannot be started ends the test binary with a
// message; a process that is still there at the end of its object is killed.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

namespace skald::testing {

// Ends the test binary with the message.
[[noreturn]] void Die(const std::string& what);

// A port of 127.0.0.1 that nobody listens on. Below those that the system gives to outgoing
// connections, so that a server finds it free again when it is restarted.
int FreePort();

// A page of a server on 127.0.0.1: its status code, 0 if there is no answer, and its body.
struct Page {
  int code = 0;
  std::string body;
};
Page GetPage(int port, const std::string& path);

// Returns a TCP connection to a port of 127.0.0.1, or -1. The caller closes it.
int Connect(int port);

class Process {
 public:
  // A program of the build folder and its arguments. Its output is added to `log`.
  Process(const std::string& program, std::vector<std::string> arguments,
          std::filesystem::path log);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // REQUIRES: not running.
  void Start();
  // kill -9. Returns when it is gone.
  void Kill();
  // SIGTERM. Returns the exit code as a shell shows it.
  int Terminate();
  // Waits for an end that it comes to by itself.
  int AwaitExit();

  pid_t pid() const { return pid_; }
  std::string Log() const;

 private:
  std::vector<std::string> command_;
  std::filesystem::path log_;
  pid_t pid_ = 0;
};

// What a command of the build folder printed, standard error included, and its exit code.
struct Said {
  int exit_code = 0;
  std::string output;

  friend std::ostream& operator<<(std::ostream& stream, const Said& said) {
    return stream << "exit code " << said.exit_code << ": " << said.output;
  }
};
Said RunProgram(const std::string& program, std::vector<std::string> arguments);

}  // namespace skald::testing
