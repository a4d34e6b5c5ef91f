# Tests of formats/recording, and of src/cli's way from samples to a profile; included by CMakeLists.txt.
set(GILSPY_RECORDING_TESTS ${CMAKE_CURRENT_LIST_DIR}/recording)
gilspy_test(recording_test
  SOURCES
    ${GILSPY_RECORDING_TESTS}/columns_test.cpp
    ${GILSPY_RECORDING_TESTS}/damage_test.cpp
    ${GILSPY_RECORDING_TESTS}/golden_comparisons_test.cpp
    ${GILSPY_RECORDING_TESTS}/golden_recordings_test.cpp
    ${GILSPY_RECORDING_TESTS}/profile_builder_test.cpp
    ${GILSPY_RECORDING_TESTS}/program_test.cpp
    ${GILSPY_RECORDING_TESTS}/round_trip_test.cpp
    ${GILSPY_RECORDING_TESTS}/run_watch_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/pprof_text.cpp
    ${CMAKE_CURRENT_LIST_DIR}/trace_text.cpp
  DEPS gilspy_cli_lib gilspy_perfetto_wire gilspy_platform_replay gilspy_pprof_wire gilspy_recording ZLIB::ZLIB
  INCLUDES ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/formats/recording ${PROJECT_SOURCE_DIR}/src/cli)
target_compile_definitions(recording_test PRIVATE
                           GILSPY_RECORDINGS_FOLDER="${PROJECT_SOURCE_DIR}/fixtures/recordings"
                           GILSPY_BUILD_FOLDER="${CMAKE_BINARY_DIR}")
