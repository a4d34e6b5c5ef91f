# The program, its man page, and the completions, where bash-completion, zsh and fish look for those of packages.
include(GNUInstallDirs)

install(TARGETS gilspy)
install(FILES ${PROJECT_SOURCE_DIR}/docs/gilspy.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

set(GILSPY_COMPLETIONS_bash bash-completion/completions/gilspy)
set(GILSPY_COMPLETIONS_zsh zsh/site-functions/_gilspy)
set(GILSPY_COMPLETIONS_fish fish/vendor_completions.d/gilspy.fish)
foreach(shell bash zsh fish)
  set(made ${CMAKE_CURRENT_BINARY_DIR}/completions/${GILSPY_COMPLETIONS_${shell}})
  get_filename_component(folder ${made} DIRECTORY)
  get_filename_component(place ${GILSPY_COMPLETIONS_${shell}} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${made} COMMAND gilspy completions ${shell} > ${made} DEPENDS gilspy VERBATIM)
  list(APPEND GILSPY_COMPLETIONS ${made})
  install(FILES ${made} DESTINATION ${CMAKE_INSTALL_DATADIR}/${place})
endforeach()
add_custom_target(gilspy_completions ALL DEPENDS ${GILSPY_COMPLETIONS})
