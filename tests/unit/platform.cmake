# Tests of platform/ and src/locate. Those in platform_process_test and locate_process_test start processes.
set(GILSPY_PLATFORM_TESTS ${CMAKE_CURRENT_LIST_DIR}/platform)
set(GILSPY_LOCATE_TESTS ${CMAKE_CURRENT_LIST_DIR}/locate)

gilspy_test(platform_text_test
  SOURCES
    ${GILSPY_PLATFORM_TESTS}/cgroup_test.cpp
    ${GILSPY_PLATFORM_TESTS}/denied_test.cpp
    ${GILSPY_PLATFORM_TESTS}/fake_target_test.cpp
    ${GILSPY_PLATFORM_TESTS}/proc_text_test.cpp
    ${GILSPY_PLATFORM_TESTS}/process_tree_test.cpp
    ${GILSPY_PLATFORM_TESTS}/snapshot_test.cpp
  DEPS gilspy_platform_linux gilspy_platform_replay)

gilspy_test(platform_process_test
  SOURCES
    ${GILSPY_PLATFORM_TESTS}/append_file_test.cpp
    ${GILSPY_PLATFORM_TESTS}/attach_test.cpp
    ${GILSPY_PLATFORM_TESTS}/create_file_test.cpp
    ${GILSPY_PLATFORM_TESTS}/launch_test.cpp
    ${GILSPY_PLATFORM_TESTS}/liveness_test.cpp
    ${GILSPY_PLATFORM_TESTS}/machine_test.cpp
    ${GILSPY_PLATFORM_TESTS}/mapped_file_test.cpp
    ${GILSPY_PLATFORM_TESTS}/offspring_test.cpp
    ${GILSPY_PLATFORM_TESTS}/output_test.cpp
    ${GILSPY_PLATFORM_TESTS}/rights_test.cpp
    ${GILSPY_PLATFORM_TESTS}/rooted_test.cpp
    ${GILSPY_PLATFORM_TESTS}/target_conformance_test.cpp
    ${GILSPY_PLATFORM_TESTS}/thread_files_test.cpp
    ${GILSPY_PLATFORM_TESTS}/tracer_test.cpp
  DEPS gilspy_platform_core gilspy_platform_linux gilspy_platform_replay)

gilspy_test(platform_core_test
  SOURCES ${GILSPY_PLATFORM_TESTS}/core_test.cpp
  DEPS gilspy_platform_core)

gilspy_test(locate_text_test
  SOURCES
    ${GILSPY_LOCATE_TESTS}/candidates_test.cpp
    ${GILSPY_LOCATE_TESTS}/debug_header_test.cpp
    ${GILSPY_LOCATE_TESTS}/dynamic_segment_test.cpp
    ${GILSPY_LOCATE_TESTS}/elf_file_test.cpp
    ${GILSPY_LOCATE_TESTS}/images_test.cpp
    ${GILSPY_LOCATE_TESTS}/names_test.cpp
    ${GILSPY_LOCATE_TESTS}/not_python_test.cpp
  DEPS gilspy_locate gilspy_platform_replay)

gilspy_test(locate_process_test
  SOURCES ${GILSPY_LOCATE_TESTS}/find_runtime_test.cpp
  DEPS gilspy_locate gilspy_platform_linux)
