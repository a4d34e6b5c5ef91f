# The three ways to build something here. A target's own folder is its private include folder; what others may include
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
endfunction()

# gilspy_test(NAME SOURCES a_test.cpp ... DEPS target ...): one GoogleTest binary, run by ctest under its own name
function(gilspy_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;INCLUDES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${ARG_INCLUDES})
  target_compile_options(${name} PRIVATE ${GILSPY_WARNINGS})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
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
