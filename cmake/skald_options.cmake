# Compiler settings that hold for every target. Each default has its reason beside it.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)  # clang-tidy reads it
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}")  # build/<preset>/skald

set(SKALD_SANITIZE "" CACHE STRING "Sanitizers for every target: empty, address or thread")
option(SKALD_FUZZ "Build the fuzz targets (clang only)" OFF)

find_program(SKALD_CCACHE ccache)
if(SKALD_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${SKALD_CCACHE}")
endif()

# mold links the test binaries in a fraction of the time of bfd; nothing depends on it.
find_program(SKALD_MOLD mold)
if(SKALD_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

# One setting for every target: a precompiled header serves only those that agree on it.
add_compile_options(-pthread)
add_compile_options(-Wall -Wextra -Werror=return-type -Werror=unused-result -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  add_compile_options(-Wthread-safety -Werror=thread-safety)
else()
  # g++ 12 reports false positives of these inside Boost and std::variant at -O2.
  add_compile_options(-Wno-maybe-uninitialized -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()

if(SKALD_SANITIZE STREQUAL "address")
  # Without vptr: that check looks at memory through a pipe, which the sandbox of script hosts forbids,
  # and takes the refusal for a bad object.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=undefined
                      -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(SKALD_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

if(SKALD_FUZZ)
  # libFuzzer finds its way by the coverage of everything that is ours.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

option(SKALD_PCH "Precompile the headers of the standard library, Abseil, GoogleTest and gRPC" ON)

# Several sources of a target in one unit: less than half of the time of a build from nothing. Names in
# anonymous namespaces have to differ within a target then. Whoever edits one file at a time takes a
# preset without it (quick, debug).
option(SKALD_UNITY "Compile several sources of a target together" OFF)
set(SKALD_UNITY_BATCH 8)  # sources a unit: the two cores of the check still share a target's work
