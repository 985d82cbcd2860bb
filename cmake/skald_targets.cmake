# One helper per kind of target, so that a folder's CMakeLists.txt says only what the folder is and needs.

# skald_unite(TARGET): compiles the target's sources together, SKALD_UNITY_BATCH at a time.
function(skald_unite target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${SKALD_UNITY} UNITY_BUILD_BATCH_SIZE ${SKALD_UNITY_BATCH})
endfunction()

# skald_library(NAME DEPS a b …): static library skald_NAME of every *.cc in the current folder
# except main.cc and files with a test suffix.
function(skald_library name)
  cmake_parse_arguments(arg "" "" "DEPS;EXCLUDE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "(main|_test|_pgtest|_e2e|_bench|_fuzz)\\.cc$")
  foreach(excluded IN LISTS arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "/${excluded}$")
  endforeach()
  if(sources)
    add_library(skald_${name} STATIC ${sources})
    target_include_directories(skald_${name} PUBLIC "${CMAKE_SOURCE_DIR}")
    target_link_libraries(skald_${name} PUBLIC ${arg_DEPS})
    skald_precompile(skald_${name} DEPS ${arg_DEPS})
    skald_unite(skald_${name})
  else()
    add_library(skald_${name} INTERFACE)
    target_include_directories(skald_${name} INTERFACE "${CMAKE_SOURCE_DIR}")
    target_link_libraries(skald_${name} INTERFACE ${arg_DEPS})
  endif()
endfunction()

# skald_binary(NAME SOURCES … DEPS …): an executable in the build folder.
function(skald_binary name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
  skald_precompile(${name} DEPS ${arg_DEPS})
  skald_unite(${name})
endfunction()

# skald_server_heap(TARGET): a server that allocates from many threads for weeks takes jemalloc's heap.
# It has to stand before libc among the libraries, and the linker would put it where it is first needed.
# Sanitizers bring their own.
function(skald_server_heap name)
  if(NOT SKALD_SANITIZE)
    target_link_options(${name} BEFORE PRIVATE
      "LINKER:--push-state,--no-as-needed" "${JEMALLOC_LINK_LIBRARIES}" "LINKER:--pop-state")
  endif()
endfunction()

# skald_test(NAME [LABELS …] [SOURCES …] DEPS …): a GoogleTest binary, one ctest entry. Without SOURCES:
# every *_test.cc, *_pgtest.cc and *_e2e.cc of the current folder. Tests run with the source folder as
# SKALD_SOURCE_DIR and the build folder as SKALD_BINARY_DIR in the environment.
function(skald_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT arg_SOURCES)
    file(GLOB arg_SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc"
         "${CMAKE_CURRENT_SOURCE_DIR}/*_pgtest.cc" "${CMAKE_CURRENT_SOURCE_DIR}/*_e2e.cc")
  endif()
  if(NOT arg_SOURCES)
    return()
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  skald_binary(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
    ENVIRONMENT "SKALD_SOURCE_DIR=${CMAKE_SOURCE_DIR};SKALD_BINARY_DIR=${CMAKE_BINARY_DIR}")
endfunction()

# skald_fuzz(NAME DEPS …): libFuzzer target from NAME.cc, only with SKALD_FUZZ (clang).
function(skald_fuzz name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  if(NOT SKALD_FUZZ)
    return()
  endif()
  skald_binary(${name} SOURCES ${name}.cc DEPS ${arg_DEPS})
  # Every file is instrumented already (SKALD_FUZZ); the driver comes with the link.
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endfunction()
