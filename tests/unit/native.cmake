# Tests of src/native and platform/unwind; included by CMakeLists.txt.
set(GILSPY_NATIVE_TESTS ${CMAKE_CURRENT_LIST_DIR}/native)

gilspy_test(native_names_test
  SOURCES
    ${GILSPY_NATIVE_TESTS}/merge_test.cpp
    ${GILSPY_NATIVE_TESTS}/names_test.cpp
  DEPS gilspy_native gilspy_unwind gilspy_platform_linux)
