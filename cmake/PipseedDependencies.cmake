# SPDX-License-Identifier: MIT
# Targets pipseed_dep::NAME for the libraries that pipseed uses.
#
# Each shared library costs 30 to 70 us at the start of a process. The small ones are therefore linked statically where
# the distribution has an archive that can be part of a shared library (on Debian 12 all of them; jansson's with the help
# of core/base/nostdin.c). libarchive is in a module of its own that is loaded when the first wheel is unpacked, and stays
# shared there, so that the distribution's updates reach it; PIPSEED_STATIC_ARCHIVE is for a package that has to run
# where there is none.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(PIPSEED_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH DOC "Python that fetches wheels and runs pytest")
find_program(PIPSEED_PYTHON NAMES python3 REQUIRED)

# Sets ret_usable to whether the linker makes a shared library of the archive, and of helping sources.
function(pipseed_check_archive archive ret_usable)
        cmake_path(GET archive STEM name)
        if(NOT DEFINED PIPSEED_USABLE_${name})
                execute_process(
                        COMMAND "${CMAKE_C_COMPILER}" -shared -fPIC -nostdlib -o "${PROJECT_BINARY_DIR}/check_${name}.so" ${ARGN}
                                -Wl,-z,text,--exclude-libs,ALL -Wl,--whole-archive "${archive}" -Wl,--no-whole-archive
                        RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
                file(REMOVE "${PROJECT_BINARY_DIR}/check_${name}.so")
                if(status EQUAL 0)
                        set(PIPSEED_USABLE_${name} ON CACHE INTERNAL "")
                else()
                        set(PIPSEED_USABLE_${name} OFF CACHE INTERNAL "")
                endif()
        endif()
        set(${ret_usable} ${PIPSEED_USABLE_${name}} PARENT_SCOPE)
endfunction()

# pipseed_dependency(NAME [ARCHIVE [HELPING-SOURCE]]); sets PIPSEED_STATIC_NAME.
function(pipseed_dependency name)
        pkg_check_modules(DEP_${name} QUIET IMPORTED_TARGET ${name})
        if(NOT DEP_${name}_FOUND)
                message(FATAL_ERROR "pkg-config cannot find ${name}: install its development files (on Debian, run: scripts/setup build test)")
        endif()
        add_library(pipseed_dep_${name} INTERFACE)
        add_library(pipseed_dep::${name} ALIAS pipseed_dep_${name})
        set(usable OFF)
        if(PIPSEED_STATIC_DEPS AND ARGC GREATER 1)
                find_library(PIPSEED_ARCHIVE_${name} NAMES ${ARGV1} HINTS ${DEP_${name}_LIBDIR})
                mark_as_advanced(PIPSEED_ARCHIVE_${name})
                if(PIPSEED_ARCHIVE_${name})
                        pipseed_check_archive("${PIPSEED_ARCHIVE_${name}}" usable ${ARGV2})
                endif()
        endif()
        if(usable)
                target_include_directories(pipseed_dep_${name} SYSTEM INTERFACE ${DEP_${name}_INCLUDE_DIRS})
                target_link_libraries(pipseed_dep_${name} INTERFACE "${PIPSEED_ARCHIVE_${name}}")
                target_link_options(pipseed_dep_${name} INTERFACE LINKER:--exclude-libs,${ARGV1})
                message(STATUS "Dependency ${name} ${DEP_${name}_VERSION} (static)")
        else()
                target_link_libraries(pipseed_dep_${name} INTERFACE PkgConfig::DEP_${name})
                message(STATUS "Dependency ${name} ${DEP_${name}_VERSION} (shared)")
        endif()
        set(PIPSEED_STATIC_${name} ${usable} PARENT_SCOPE)
endfunction()

pipseed_dependency(inih libinih.a)
pipseed_dependency(nettle libnettle.a)
pipseed_dependency(zlib libz.a)
pipseed_dependency(jansson libjansson.a "${PROJECT_SOURCE_DIR}/core/base/nostdin.c")
if(PIPSEED_STATIC_ARCHIVE)
        pipseed_dependency(libarchive libarchive.a)
        if(NOT PIPSEED_STATIC_libarchive)
                message(FATAL_ERROR "PIPSEED_STATIC_ARCHIVE: no libarchive.a found that can be part of a module")
        endif()
else()
        pipseed_dependency(libarchive)
endif()
if(PIPSEED_TESTS)
        pipseed_dependency(cmocka)
endif()
