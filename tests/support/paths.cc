#include "tests/support/paths.h"

#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <system_error>

namespace skald::testing {
namespace {

std::filesystem::path FolderFromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::filesystem::current_path() : std::filesystem::path(value);
}

[[noreturn]] void Die(std::string_view what, const std::filesystem::path& path) {
  std::fprintf(stderr, "%.*s %s\n", static_cast<int>(what.size()), what.data(), path.c_str());
  std::abort();
}

}  // namespace

std::filesystem::path SourceDir() { return FolderFromEnvironment("SKALD_SOURCE_DIR"); }
std::filesystem::path BinaryDir() { return FolderFromEnvironment("SKALD_BINARY_DIR"); }

std::string ReadFileOrDie(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in) Die("cannot read", path);
  return std::move(content).str();
}

void WriteFileOrDie(const std::filesystem::path& path, std::string_view content) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out << content << std::flush;
  if (!out) Die("cannot write", path);
}

TempDir::TempDir() {
  std::string pattern = std::filesystem::temp_directory_path() / "skald_test_XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) Die("cannot create", pattern);
  path_ = pattern;
  chmod(path_.c_str(), 0755);
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace skald::testing
