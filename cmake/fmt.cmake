# gilspy_fmt: the library fmt from its headers, so that no shared library has to be there at run time, compiled once
# where src/base/fmt_once.cpp fits its version (seen with 9.1); else in each file.
get_target_property(GILSPY_FMT_INCLUDE fmt::fmt-header-only INTERFACE_INCLUDE_DIRECTORIES)
try_compile(GILSPY_FMT_ONCE ${CMAKE_BINARY_DIR}/fmt_once
            SOURCES ${PROJECT_SOURCE_DIR}/cmake/fmt_try.cpp ${PROJECT_SOURCE_DIR}/src/base/fmt_once.cpp
            CMAKE_FLAGS "-DINCLUDE_DIRECTORIES=${GILSPY_FMT_INCLUDE}"
            CXX_STANDARD 20)
if(GILSPY_FMT_ONCE)
  add_library(gilspy_fmt STATIC ${PROJECT_SOURCE_DIR}/src/base/fmt_once.cpp)
  target_include_directories(gilspy_fmt SYSTEM PUBLIC ${GILSPY_FMT_INCLUDE})
else()
  message(STATUS "this fmt is compiled with each file that uses it")
  add_library(gilspy_fmt INTERFACE)
  target_link_libraries(gilspy_fmt INTERFACE fmt::fmt-header-only)
endif()
