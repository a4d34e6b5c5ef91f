# What is typed, and what is printed about that.
gilspy_test(cli_test
  SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/cli/check_report_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/check_rules_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/command_line_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/completion_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/gil_reasons_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/glance_budget_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/help_formatter_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/look_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/recorder_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/rights_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/pressure_meter_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/spelling_test.cpp
    ${CMAKE_CURRENT_LIST_DIR}/cli/values_test.cpp
  DEPS gilspy_cli_lib gilspy_platform_replay)
