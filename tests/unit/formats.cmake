# Tests of src/base, src/compare, src/verdict and formats; included by CMakeLists.txt.
find_package(ZLIB REQUIRED)
set(GILSPY_UNIT ${PROJECT_SOURCE_DIR}/tests/unit)
gilspy_test(base_test SOURCES ${GILSPY_UNIT}/distribution_test.cpp ${GILSPY_UNIT}/locks_test.cpp ${GILSPY_UNIT}/stacks_test.cpp ${GILSPY_UNIT}/wording_test.cpp
            DEPS gilspy_base INCLUDES ${GILSPY_UNIT})
gilspy_test(verdict_test SOURCES ${GILSPY_UNIT}/check_test.cpp ${GILSPY_UNIT}/verdict_test.cpp
                    ${GILSPY_UNIT}/verdict_without_gil_test.cpp ${GILSPY_UNIT}/verdict_claims_test.cpp
                    ${GILSPY_UNIT}/verdict_program_test.cpp ${GILSPY_UNIT}/event_loop_test.cpp
                    ${GILSPY_UNIT}/warnings_test.cpp
            DEPS gilspy_aggregate gilspy_verdict INCLUDES ${GILSPY_UNIT})
gilspy_test(compare_test SOURCES ${GILSPY_UNIT}/compare_test.cpp ${GILSPY_UNIT}/estimate_test.cpp DEPS gilspy_compare
            INCLUDES ${GILSPY_UNIT} ${PROJECT_SOURCE_DIR})
gilspy_test(stack_view_test SOURCES ${GILSPY_UNIT}/stack_view_test.cpp DEPS gilspy_stack_view INCLUDES ${GILSPY_UNIT})
gilspy_test(formats_test SOURCES ${GILSPY_UNIT}/golden_test.cpp ${GILSPY_UNIT}/json_test.cpp
                    ${GILSPY_UNIT}/markdown_test.cpp
                    ${GILSPY_UNIT}/pprof_text.cpp ${GILSPY_UNIT}/process_rows_test.cpp ${GILSPY_UNIT}/task_tree_test.cpp ${GILSPY_UNIT}/thread_rows_test.cpp ${GILSPY_UNIT}/trace_text.cpp
            DEPS gilspy_aggregate gilspy_dump gilspy_formats gilspy_perfetto_wire gilspy_pprof_wire gilspy_terminal gilspy_thread_rows gilspy_verdict ZLIB::ZLIB
            INCLUDES ${GILSPY_UNIT})
target_compile_definitions(formats_test PRIVATE
                           GILSPY_GOLDEN_FOLDER="${PROJECT_SOURCE_DIR}/fixtures/golden"
                           GILSPY_BUILD_FOLDER="${CMAKE_BINARY_DIR}")
gilspy_test(terminal_test SOURCES ${GILSPY_UNIT}/terminal_test.cpp DEPS gilspy_terminal gilspy_verdict
            INCLUDES ${GILSPY_UNIT})
gilspy_test(streams_test SOURCES ${GILSPY_UNIT}/streams_test.cpp DEPS gilspy_gzip gilspy_json ZLIB::ZLIB INCLUDES ${GILSPY_UNIT})
gilspy_test(timeline_walk_test SOURCES ${GILSPY_UNIT}/fit_test.cpp ${GILSPY_UNIT}/timeline_walk_test.cpp DEPS gilspy_timeline_walk gilspy_verdict
            INCLUDES ${GILSPY_UNIT} ${PROJECT_SOURCE_DIR}/formats/timeline_walk)
