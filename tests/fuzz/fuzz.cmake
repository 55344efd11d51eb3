# One libFuzzer binary per parser of bytes from outside, <name>_fuzz; deploy/fuzz.sh builds and runs them all.
# Only the parsers and what they call: the whole folders, instrumented, would take five times as long to build. Included
# by the top CMakeLists.txt, not added: the generated protobuf sources are known in the folder that generates them.
file(GLOB fuzzed CONFIGURE_DEPENDS
  ${CMAKE_SOURCE_DIR}/engine/types/*.cpp ${CMAKE_SOURCE_DIR}/engine/text/*.cpp ${CMAKE_SOURCE_DIR}/engine/index/*.cpp
  ${CMAKE_SOURCE_DIR}/engine/catalog/product*.cpp ${CMAKE_SOURCE_DIR}/storage/record*.cpp ${CMAKE_SOURCE_DIR}/storage/wire*.cpp)
foreach(file engine/search/filter engine/search/filter_parser engine/search/fuzzy_terms engine/search/phrase engine/search/query
        engine/search/query_plan engine/search/search_round engine/search/search_statistics engine/search/sort
        engine/search/term_positions
        net/http/request net/http/request_parser net/http/utf8
        net/json/address net/json/checkout net/json/json_parse net/json/json_reader net/json/json_writer net/json/money
        net/json/product net/json/reservation net/json/search_page net/json/search_query net/json/stock net/json/timestamp)
  list(APPEND fuzzed ${CMAKE_SOURCE_DIR}/${file}.cpp)
endforeach()
add_library(souk_fuzzed STATIC EXCLUDE_FROM_ALL ${fuzzed} ${proto_sources})
target_include_directories(souk_fuzzed PUBLIC ${CMAKE_SOURCE_DIR})
target_include_directories(souk_fuzzed SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/generated)
target_link_libraries(souk_fuzzed PUBLIC PkgConfig::UTF8PROC PkgConfig::XXHASH ${STEMMER_LIBRARY} ${ROARING_LIBRARY}
                      protobuf::libprotobuf PkgConfig::ZSTD Boost::json Boost::url ZLIB::ZLIB)

add_custom_target(fuzz_targets)
file(GLOB targets CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/*_fuzz.cpp)
foreach(target ${targets})
  get_filename_component(stem ${target} NAME_WE)
  add_executable(${stem} EXCLUDE_FROM_ALL ${target})
  set_target_properties(${stem} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  target_link_libraries(${stem} PRIVATE souk_fuzzed)
  target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzz_targets ${stem})
endforeach()
