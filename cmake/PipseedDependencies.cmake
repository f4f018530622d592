# SPDX-License-Identifier: MIT
# Targets pipseed_dep::NAME for the libraries that pipseed uses.
#
# Each shared library costs 30 to 70 us at the start of a process. The small ones are therefore linked statically where
# the distribution has an archive that can be part of a shared library (on Debian 12 those of inih, nettle and zlib;
# jansson's is not position-independent enough). libarchive stays shared, in a module of its own that is loaded when the
# first wheel is unpacked.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_program(PIPSEED_PYTHON NAMES python3 PATHS /usr/bin NO_DEFAULT_PATH DOC "Python that fetches wheels and runs pytest")
find_program(PIPSEED_PYTHON NAMES python3 REQUIRED)

# Sets ret_usable to whether the linker makes a shared library of the archive.
function(pipseed_check_archive archive ret_usable)
        cmake_path(GET archive STEM name)
        if(NOT DEFINED PIPSEED_PIC_${name})
                execute_process(
                        COMMAND "${CMAKE_C_COMPILER}" -shared -nostdlib -o "${PROJECT_BINARY_DIR}/check_${name}.so"
                                -Wl,-z,text,--exclude-libs,ALL -Wl,--whole-archive "${archive}" -Wl,--no-whole-archive
                        RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
                file(REMOVE "${PROJECT_BINARY_DIR}/check_${name}.so")
                if(status EQUAL 0)
                        set(PIPSEED_PIC_${name} ON CACHE INTERNAL "")
                else()
                        set(PIPSEED_PIC_${name} OFF CACHE INTERNAL "")
                endif()
        endif()
        set(${ret_usable} ${PIPSEED_PIC_${name}} PARENT_SCOPE)
endfunction()

function(pipseed_dependency name)
        pkg_check_modules(DEP_${name} REQUIRED QUIET IMPORTED_TARGET ${name})
        add_library(pipseed_dep_${name} INTERFACE)
        add_library(pipseed_dep::${name} ALIAS pipseed_dep_${name})
        set(usable OFF)
        if(PIPSEED_STATIC_DEPS AND ARGC EQUAL 2)
                find_library(PIPSEED_ARCHIVE_${name} NAMES ${ARGV1} HINTS ${DEP_${name}_LIBDIR})
                mark_as_advanced(PIPSEED_ARCHIVE_${name})
                if(PIPSEED_ARCHIVE_${name})
                        pipseed_check_archive("${PIPSEED_ARCHIVE_${name}}" usable)
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
endfunction()

pipseed_dependency(inih libinih.a)
pipseed_dependency(nettle libnettle.a)
pipseed_dependency(zlib libz.a)
pipseed_dependency(jansson libjansson.a)
pipseed_dependency(libarchive)
if(PIPSEED_TESTS)
        pipseed_dependency(cmocka)
endif()
