# Tests of src/native and platform/unwind; included by CMakeLists.txt.
set(GILSPY_NATIVE_TESTS ${CMAKE_CURRENT_LIST_DIR}/native)

gilspy_test(native_names_test
  SOURCES
    ${GILSPY_NATIVE_TESTS}/merge_test.cpp
    ${GILSPY_NATIVE_TESTS}/names_test.cpp
  DEPS gilspy_native gilspy_unwind gilspy_platform_linux)

# gilspy_probe: a library with symbols and debugging information. Beside it a stripped copy, and what was stripped. Two
# builds, which differ in their build ids.
function(gilspy_probe name build)
  add_library(${name} SHARED ${GILSPY_NATIVE_TESTS}/probe/probe.cpp)
  target_compile_definitions(${name} PRIVATE PROBE_BUILD=${build})
  target_compile_options(${name} PRIVATE -O2 -g)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    target_compile_options(${name} PRIVATE -gdwarf-aranges)
  endif()
  gilspy_not_fuzzed(${name})
  target_link_options(${name} PRIVATE -Wl,--build-id=sha1)
  set_target_properties(${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/probes/${build})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/probes/${build}/stripped)
  add_custom_command(
    OUTPUT ${folder}/probe.so ${folder}/probe.so.debug
    COMMAND ${CMAKE_COMMAND} -E make_directory ${folder}
    COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:${name}> ${folder}/probe.so.debug
    COMMAND ${CMAKE_OBJCOPY} --strip-all --add-gnu-debuglink=${folder}/probe.so.debug $<TARGET_FILE:${name}>
            ${folder}/probe.so
    DEPENDS ${name}
    VERBATIM)
  add_custom_target(${name}_stripped DEPENDS ${folder}/probe.so ${folder}/probe.so.debug)
endfunction()
gilspy_probe(gilspy_probe 1)
gilspy_probe(gilspy_other_probe 2)

gilspy_test(native_files_test
  SOURCES
    ${GILSPY_NATIVE_TESTS}/address_space_test.cpp
    ${GILSPY_NATIVE_TESTS}/damaged_files_test.cpp
    ${GILSPY_NATIVE_TESTS}/debug_files_test.cpp
    ${GILSPY_NATIVE_TESTS}/frame_size_test.cpp
    ${GILSPY_NATIVE_TESTS}/inlines_test.cpp
    ${GILSPY_NATIVE_TESTS}/symbol_table_test.cpp
    ${GILSPY_NATIVE_TESTS}/python_names_test.cpp
    ${GILSPY_NATIVE_TESTS}/symboliser_test.cpp
    ${GILSPY_NATIVE_TESTS}/unwind_table_test.cpp
    ${GILSPY_NATIVE_TESTS}/unwinder_test.cpp
  DEPS gilspy_native gilspy_unwind gilspy_platform_linux gilspy_platform_replay gilspy_probe)
target_compile_definitions(native_files_test PRIVATE
                           GILSPY_PROBE="$<TARGET_FILE:gilspy_probe>"
                           GILSPY_STRIPPED_PROBE="${CMAKE_CURRENT_BINARY_DIR}/probes/1/stripped/probe.so"
                           GILSPY_OTHER_PROBE="${CMAKE_CURRENT_BINARY_DIR}/probes/2/stripped/probe.so")
add_dependencies(native_files_test gilspy_probe_stripped gilspy_other_probe_stripped)

# Starts a thread of the product: ./dev test --all runs it with ThreadSanitizer as well.
gilspy_test(native_run_test
  SOURCES ${GILSPY_NATIVE_TESTS}/native_run_test.cpp
  DEPS gilspy_native gilspy_unwind gilspy_platform_linux gilspy_platform_replay)
target_compile_definitions(native_run_test PRIVATE GILSPY_PROBE="$<TARGET_FILE:gilspy_probe>")
add_dependencies(native_run_test gilspy_probe)
