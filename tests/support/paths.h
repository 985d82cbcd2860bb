// Where a test finds its files. Single-threaded, as tests are.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace skald::testing {

// The root of the source tree and of the build tree: SKALD_SOURCE_DIR and SKALD_BINARY_DIR of the
// environment, which ctest sets; the current folder where unset.
std::filesystem::path SourceDir();
std::filesystem::path BinaryDir();

// Returns the whole file. Ends the test binary with a message when it cannot be read.
std::string ReadFileOrDie(const std::filesystem::path& path);

// Writes the whole file, replacing it. Ends the test binary with a message when it cannot.
void WriteFileOrDie(const std::filesystem::path& path, std::string_view content);

// A fresh folder under TMPDIR, or /tmp, that goes with this object. Other users may enter it, for a
// test run by root starts PostgreSQL as another user.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace skald::testing
