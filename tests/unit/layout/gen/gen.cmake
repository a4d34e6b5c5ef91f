# The generator's reader of debugging information, on what this compiler writes in three dialects of DWARF.
set(objects)
foreach(dialect 3 4 5)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/types.dwarf${dialect}.so)
  add_custom_command(
    OUTPUT ${out}
    COMMAND ${CMAKE_CXX_COMPILER} -x c -g -gdwarf-${dialect} -fPIC -shared -o ${out} ${CMAKE_CURRENT_LIST_DIR}/types.c
    DEPENDS ${CMAKE_CURRENT_LIST_DIR}/types.c
    VERBATIM)
  list(APPEND objects ${out})
endforeach()
add_custom_command(
  OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/types.o
  COMMAND ${CMAKE_CXX_COMPILER} -x c -g -c -o ${CMAKE_CURRENT_BINARY_DIR}/types.o ${CMAKE_CURRENT_LIST_DIR}/types.c
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/types.c
  VERBATIM)
add_custom_target(layoutgen_test_types DEPENDS ${objects} ${CMAKE_CURRENT_BINARY_DIR}/types.o)
gilspy_test(layoutgen_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/type_index_test.cpp DEPS gilspy_layoutgen_core)
add_dependencies(layoutgen_test layoutgen_test_types)
target_compile_definitions(layoutgen_test PRIVATE GILSPY_TYPES_FOLDER="${CMAKE_CURRENT_BINARY_DIR}")
