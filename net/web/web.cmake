# The storefront page: built with Vite from net/web in the build folder, then made part of the program as one generated
# source, SOUK_PAGE_SOURCE. The source tree stays clean. Packages come from npm's own cache where it has them, so a
# rebuild needs no network; package-lock.json pins every one of them.
option(SOUK_WEB "Build the storefront page (needs node and npm)" ON)
find_program(SOUK_NODE NAMES node nodejs)
find_program(SOUK_NPM npm)
set(SOUK_PAGE_SOURCE ${CMAKE_BINARY_DIR}/generated/net/web/page_files.cpp)
set(page_missing "")
if(NOT SOUK_WEB)
  set(page_missing "SOUK_WEB is off")
elseif(NOT SOUK_NODE OR NOT SOUK_NPM)
  set(page_missing "node and npm were not found; deploy/install-dependencies.sh installs them")
else()
  execute_process(COMMAND ${SOUK_NODE} -p "process.versions.node.split('.')[0]" OUTPUT_VARIABLE node_major
                  OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(node_major LESS 18)
    set(page_missing "node is older than version 18")
  endif()
endif()

if(page_missing)
  message(STATUS "Storefront page: not built, / will answer 501 (${page_missing})")
  configure_file(${CMAKE_CURRENT_LIST_DIR}/no_page_files.cpp.in ${SOUK_PAGE_SOURCE} COPYONLY)
else()
  set(page_from ${CMAKE_CURRENT_LIST_DIR})
  set(page_in ${CMAKE_BINARY_DIR}/web)
  set(page_packages ${page_from}/package.json ${page_from}/package-lock.json ${page_from}/.npmrc)
  file(GLOB_RECURSE page_sources CONFIGURE_DEPENDS ${page_from}/src/*)
  list(APPEND page_sources ${page_from}/index.html ${page_from}/vite.config.js ${page_from}/embed.mjs)
  # Nobody's scripts but ours run, and only what the page needs is installed.
  add_custom_command(OUTPUT ${page_in}/packages.stamp
    COMMAND ${CMAKE_COMMAND} -E make_directory ${page_in}
    COMMAND ${CMAKE_COMMAND} -E copy ${page_packages} ${page_in}
    COMMAND ${CMAKE_COMMAND} -E chdir ${page_in}
            ${SOUK_NPM} ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${page_in}/packages.stamp
    DEPENDS ${page_packages} VERBATIM
    COMMENT "Installing the storefront page's packages (cmake -DSOUK_WEB=OFF builds without the page)")
  add_custom_command(OUTPUT ${SOUK_PAGE_SOURCE}
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${page_in}/src ${page_in}/dist
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${page_from}/src ${page_in}/src
    COMMAND ${CMAKE_COMMAND} -E copy ${page_from}/index.html ${page_from}/vite.config.js ${page_from}/embed.mjs ${page_in}
    COMMAND ${CMAKE_COMMAND} -E chdir ${page_in} ${SOUK_NODE} node_modules/vite/bin/vite.js build --logLevel warn
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/generated/net/web
    COMMAND ${SOUK_NODE} ${page_in}/embed.mjs ${page_in}/dist ${SOUK_PAGE_SOURCE}
    DEPENDS ${page_in}/packages.stamp ${page_sources} VERBATIM
    COMMENT "Building the storefront page")
endif()
set_source_files_properties(${SOUK_PAGE_SOURCE} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
