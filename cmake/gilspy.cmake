# The ways to build something here. A target's own folder is its private include folder; what others may include
# stands in include/gilspy. cmake/check_layers.py (a test) enforces the same rule on the #include lines.

set(GILSPY_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  list(APPEND GILSPY_WARNINGS -Wno-restrict)  # g++ 12 sees overlaps in std::string's operator+ that are not there
endif()
if(GILSPY_WERROR)
  list(APPEND GILSPY_WARNINGS -Werror)
endif()

# gilspy_library(NAME SOURCES a.cpp ... [DEPS target ...])
function(gilspy_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_options(${name} PRIVATE ${GILSPY_WARNINGS})
  target_link_libraries(${name} PUBLIC tl::expected ${ARG_DEPS})
  if(GILSPY_PRECOMPILE)
    target_link_libraries(${name} PRIVATE gilspy_fmt)
    gilspy_precompile(${name} gilspy_base)
  endif()
endfunction()

# gilspy_precompile(TARGET FIRST header ...): what nearly all files include is parsed once, for the target FIRST. Libraries
# do so only with GILSPY_PRECOMPILE: builds without it find the file that lacks an #include.
set(GILSPY_COMMON_HEADERS <algorithm> <array> <chrono> <cstdint> <functional> <map> <memory> <optional> <span> <string>
    <string_view> <unordered_map> <utility> <vector> <fmt/format.h> <tl/expected.hpp>)
function(gilspy_precompile target first)
  if(target STREQUAL first)
    target_precompile_headers(${target} PRIVATE ${GILSPY_COMMON_HEADERS} ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${first})
  endif()
endfunction()

# gilspy_test(NAME SOURCES a_test.cpp ... DEPS target ...): one GoogleTest binary, run by ctest under its own name
function(gilspy_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;INCLUDES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${ARG_INCLUDES})
  target_compile_options(${name} PRIVATE ${GILSPY_WARNINGS} -O0)  # what is tested is optimised, tests need not be
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} gilspy_fmt GTest::gtest GTest::gmock GTest::gtest_main)
  gilspy_precompile(${name} gilspy_test_headers)
  add_test(NAME ${name} COMMAND ${name})
endfunction()

# gilspy_fuzzer(NAME DEPS target ...): a libFuzzer binary made of NAME_fuzzer.cpp, and a test that its kept corpus,
# corpus/NAME, passes. Only with GILSPY_FUZZERS: the flags of all else are those of the preset `fuzz`.
function(gilspy_fuzzer name)
  if(NOT GILSPY_FUZZERS)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "DEPS;INCLUDES" ${ARGN})
  set(fuzzer fuzz_${name})
  add_executable(${fuzzer} ${name}_fuzzer.cpp)
  target_include_directories(${fuzzer} PRIVATE ${PROJECT_SOURCE_DIR} ${ARG_INCLUDES})
  target_compile_options(${fuzzer} PRIVATE ${GILSPY_WARNINGS})
  gilspy_not_fuzzed(${fuzzer})
  target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
  target_link_libraries(${fuzzer} PRIVATE ${ARG_DEPS})
  set_target_properties(${fuzzer} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
  add_test(NAME ${fuzzer}_corpus COMMAND ${fuzzer} -runs=0 ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
endfunction()

# gilspy_not_fuzzed(TARGET): what reaches new code in there is no reason for a fuzzer to keep an input
function(gilspy_not_fuzzed target)
  if(GILSPY_FUZZERS)
    target_compile_options(${target} PRIVATE -fno-sanitize=fuzzer-no-link)
    set_target_properties(${target} PROPERTIES DISABLE_PRECOMPILE_HEADERS ON)  # they were made with the other flags
  endif()
endfunction()

# gilspy_embed(TARGET asset.js symbol): the bytes of a file as `constexpr std::string_view gilspy::assets::symbol`
# in "<asset.js>.h", generated at build time
function(gilspy_embed target file symbol)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/assets/${file}.h)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DIN=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUT=${out} -DSYMBOL=${symbol}
            -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${out})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/assets)
endfunction()

# gilspy_messages(NAME FILE.proto): a library of the file's messages. What protoc writes is not held to our warnings.
function(gilspy_messages name proto)
  get_filename_component(stem ${proto} NAME_WE)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/wire)
  add_custom_command(
    OUTPUT ${folder}/${stem}.pb.cc ${folder}/${stem}.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND protobuf::protoc --cpp_out=${folder} --proto_path=${CMAKE_CURRENT_SOURCE_DIR} ${proto}
    DEPENDS ${proto} protobuf::protoc
    VERBATIM)
  add_library(${name} STATIC ${folder}/${stem}.pb.cc ${folder}/${stem}.pb.h)
  target_include_directories(${name} SYSTEM PUBLIC ${folder})
  target_compile_options(${name} PRIVATE -w)
  gilspy_not_fuzzed(${name})
  target_link_libraries(${name} PUBLIC protobuf::libprotobuf-lite)
endfunction()
