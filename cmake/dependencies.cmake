# All from Debian's packages; scripts/install-dependencies names them.

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(ICU REQUIRED COMPONENTS i18n uc)
find_package(simdjson REQUIRED)
find_package(RocksDB REQUIRED)

# PCRE2 for bytes. Debian's package has no configuration for CMake.
find_path(PCRE2_INCLUDE_DIR pcre2.h REQUIRED)
find_library(PCRE2_LIBRARY pcre2-8 REQUIRED)
add_library(pcre2::pcre2 INTERFACE IMPORTED)
target_include_directories(pcre2::pcre2 INTERFACE ${PCRE2_INCLUDE_DIR})
target_link_libraries(pcre2::pcre2 INTERFACE ${PCRE2_LIBRARY})

# Asio and Beast are compiled once, here, and linked everywhere.
add_library(mycouch_asio STATIC ${PROJECT_SOURCE_DIR}/cmake/asio.cc)
target_compile_definitions(mycouch_asio PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(mycouch_asio PUBLIC Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
