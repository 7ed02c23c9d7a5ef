# The third-party libraries, one imported target each; each is linked by exactly one room.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

function(tg_library target module)
  pkg_check_modules(${target}_pc REQUIRED IMPORTED_TARGET ${module})
  add_library(${target} INTERFACE)
  target_link_libraries(${target} INTERFACE PkgConfig::${target}_pc)
endfunction()

tg_library(tg_lib_openssl openssl)
tg_library(tg_lib_jansson jansson)
tg_library(tg_lib_yaml yaml-0.1)
tg_library(tg_lib_protobuf_c libprotobuf-c)
tg_library(tg_lib_pq libpq)
tg_library(tg_lib_curl libcurl)
if(TG_TESTS)
  tg_library(tg_lib_cmocka cmocka)
endif()

# Debian ships libh2o-evloop without a pkg-config file; its headers default to libuv.
find_path(H2O_INCLUDE_DIR h2o.h REQUIRED)
find_library(H2O_EVLOOP_LIBRARY h2o-evloop REQUIRED)
add_library(tg_lib_h2o INTERFACE)
target_include_directories(tg_lib_h2o SYSTEM INTERFACE ${H2O_INCLUDE_DIR})
target_compile_definitions(tg_lib_h2o INTERFACE H2O_USE_LIBUV=0)
target_link_libraries(tg_lib_h2o INTERFACE ${H2O_EVLOOP_LIBRARY} Threads::Threads)

find_program(PROTOC_C protoc-c REQUIRED)
