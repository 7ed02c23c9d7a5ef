# A room is a folder and a static library of the same name. It links, and may
# include, only the rooms and libraries it names: a forbidden call does not link.
add_library(tg_compile_options INTERFACE)
target_compile_options(tg_compile_options INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wvla -Wformat=2 -Wundef -Wno-unused-parameter -Wno-format-truncation -fno-strict-aliasing -fno-common)
target_include_directories(tg_compile_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(tg_compile_options INTERFACE _GNU_SOURCE TG_VERSION="${PROJECT_VERSION}")
if(TG_SANITIZE)
  target_compile_options(tg_compile_options INTERFACE -fsanitize=${TG_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(tg_compile_options INTERFACE -fsanitize=${TG_SANITIZE})
endif()

# tg_room(<target> SOURCES <file>... [LINKS <target>...])
function(tg_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ROOM_SOURCES})
  target_link_libraries(${name} PUBLIC tg_compile_options ${ROOM_LINKS})
endfunction()

# tg_program(<target> SOURCES <file>... [LINKS <target>...])
function(tg_program name)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${PROGRAM_SOURCES})
  target_link_libraries(${name} PRIVATE tg_compile_options ${PROGRAM_LINKS})
endfunction()

# tg_unit_test(<name> SOURCES <file>... [LINKS <target>...]): a cmocka program that
# ctest runs with the label "unit".
function(tg_unit_test name)
  cmake_parse_arguments(TEST "" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${TEST_SOURCES})
  target_link_libraries(${name} PRIVATE tg_compile_options ${TEST_LINKS} tg_lib_cmocka)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()
