# SPDX-License-Identifier: MIT
# What programs that use the library find: a CMake package and a pkg-config file, both relative to where they lie.
include(CMakePackageConfigHelpers)

set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/pipseed")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/pipseedConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/pipseedConfig.cmake.in "${PROJECT_BINARY_DIR}/pipseedConfig.cmake"
        INSTALL_DESTINATION "${package_dir}"
        NO_SET_AND_CHECK_MACRO)
install(EXPORT pipseed NAMESPACE pipseed:: FILE pipseedTargets.cmake DESTINATION "${package_dir}" COMPONENT development)
install(FILES "${PROJECT_BINARY_DIR}/pipseedConfig.cmake" "${PROJECT_BINARY_DIR}/pipseedConfigVersion.cmake"
        DESTINATION "${package_dir}" COMPONENT development)

file(RELATIVE_PATH PC_PREFIX "/${PIPSEED_LIBDIR}/pkgconfig" "/")
string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
configure_file(cmake/pipseed.pc.in "${PROJECT_BINARY_DIR}/pipseed.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/pipseed.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT development)

install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
