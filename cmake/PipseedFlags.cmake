# SPDX-License-Identifier: MIT
# pipseed_flags: how every file of the project is compiled and linked.
include(CheckCCompilerFlag)
include(CheckPIESupported)

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ${PIPSEED_LTO})
check_pie_supported(LANGUAGES C)

add_library(pipseed_flags INTERFACE)
target_compile_definitions(pipseed_flags INTERFACE _GNU_SOURCE)
target_compile_options(pipseed_flags INTERFACE
        "$<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion>"
        -fstack-protector-strong)
# Not every machine has every one of them; tests/unit/test_hardening.py says what the built files must have.
foreach(flag IN ITEMS -fstack-clash-protection -fcf-protection=full)
        string(MAKE_C_IDENTIFIER "PIPSEED_HAS${flag}" has_flag)
        check_c_compiler_flag(${flag} ${has_flag})
        if(${has_flag})
                target_compile_options(pipseed_flags INTERFACE ${flag})
        endif()
endforeach()
target_link_options(pipseed_flags INTERFACE
        LINKER:-z,relro,-z,now,-z,noexecstack
        LINKER:--as-needed,--hash-style=gnu,-O1)

if(PIPSEED_SANITIZE)
        target_compile_options(pipseed_flags INTERFACE
                -fsanitize=${PIPSEED_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
        # Their dlopen forgets who called it, and with it the caller's RUNPATH; the program's RPATH holds for all.
        target_link_options(pipseed_flags INTERFACE -fsanitize=${PIPSEED_SANITIZE} LINKER:--disable-new-dtags)
        if(PIPSEED_FUZZ)
                target_compile_options(pipseed_flags INTERFACE -fsanitize=fuzzer-no-link)
        endif()
else()
        # The sanitizers' runtimes leave symbols for the program to define, and bring their own checks of the C library.
        target_link_options(pipseed_flags INTERFACE
                "$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>:LINKER:-z,defs>"
                "$<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>:LINKER:-z,defs>")
        # Level 3 needs a compiler that tells the size of objects when the program runs (gcc 12); others take it for 2.
        target_compile_options(pipseed_flags INTERFACE
                "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=3>")
endif()
