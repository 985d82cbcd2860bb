# Headers that nearly every file reads, compiled once: a third of the time of an optimized build and
# two thirds of an unoptimized one. Sources include what they use all the same: `./dev tidy` compiles
# every header without this.

set(SKALD_PCH_BASE <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <functional> <map> <memory>
    <optional> <set> <string> <string_view> <utility> <variant> <vector>
    <absl/container/flat_hash_map.h> <absl/functional/any_invocable.h> <absl/status/statusor.h>
    <absl/strings/str_cat.h> <absl/strings/str_format.h> <absl/strings/str_split.h>)
set(SKALD_PCH_TEST <gmock/gmock.h> <gtest/gtest.h>)
set(SKALD_PCH_GRPC <grpcpp/grpcpp.h> <google/protobuf/message.h>)

# Targets that depend on one of these speak gRPC.
set(SKALD_PCH_GRPC_DEPS "gRPC::|skald_proto|skald_grpc|skald_sdk|skald_app;|skald_app$|e2e_support|_service")

# skald_precompile(TARGET DEPS a b …): the target reads its common headers precompiled; which those
# are follows from what it depends on.
function(skald_precompile target)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  set(options "")
  if("${arg_DEPS}" MATCHES "GTest::|test_support")
    # What is tested is optimized; the tests themselves, half of all there is to compile, need not be.
    set(options -O0)
  endif()
  target_compile_options(${target} PRIVATE ${options})
  if(NOT SKALD_PCH)
    return()
  endif()
  set(kind base)
  set(headers ${SKALD_PCH_BASE})
  set(deps absl::statusor absl::strings absl::str_format absl::flat_hash_map absl::any_invocable
      Threads::Threads)
  if("${arg_DEPS}" MATCHES "GTest::|test_support")
    string(APPEND kind _test)
    list(APPEND headers ${SKALD_PCH_TEST})
    list(APPEND deps GTest::gmock)
  endif()
  if("${arg_DEPS}" MATCHES "${SKALD_PCH_GRPC_DEPS}")
    string(APPEND kind _grpc)
    list(APPEND headers ${SKALD_PCH_GRPC})
    list(APPEND deps gRPC::grpc++ protobuf::libprotobuf)
  endif()
  if(NOT TARGET skald_pch_${kind})
    file(WRITE "${CMAKE_BINARY_DIR}/pch/${kind}.cc" "")
    add_library(skald_pch_${kind} OBJECT "${CMAKE_BINARY_DIR}/pch/${kind}.cc")
    target_link_libraries(skald_pch_${kind} PRIVATE ${deps})
    target_compile_options(skald_pch_${kind} PRIVATE ${options})
    target_precompile_headers(skald_pch_${kind} PRIVATE ${headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM skald_pch_${kind})
endfunction()
