# Tests of src/layout; included by CMakeLists.txt.
set(GILSPY_LAYOUT_TESTS ${CMAKE_CURRENT_LIST_DIR}/layout)
gilspy_test(layout_test
  SOURCES ${GILSPY_LAYOUT_TESTS}/complete_test.cpp ${GILSPY_LAYOUT_TESTS}/for_build_test.cpp
          ${GILSPY_LAYOUT_TESTS}/self_check_test.cpp
  DEPS gilspy_layout gilspy_platform_replay)
if(GILSPY_LAYOUTGEN)
  include(${GILSPY_LAYOUT_TESTS}/gen/gen.cmake)
endif()
