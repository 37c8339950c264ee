# Warnings, sanitizers, and the one function that declares a layer.

add_library(mycouch_options INTERFACE)
target_compile_options(mycouch_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror)
target_compile_definitions(mycouch_options INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
  MYCOUCH_VERSION="${PROJECT_VERSION}")

if(MYCOUCH_SANITIZE)
  add_compile_options(-fsanitize=${MYCOUCH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MYCOUCH_SANITIZE})
endif()

# mycouch_layer(<folder> SOURCES <files> [LINK <layers and libraries>] [PRIVATE <libraries>]):
# one folder under src/ is one static library, mycouch_<folder>.
function(mycouch_layer name)
  cmake_parse_arguments(LAYER "" "" "SOURCES;LINK;PRIVATE" ${ARGN})
  add_library(mycouch_${name} STATIC ${LAYER_SOURCES})
  target_include_directories(mycouch_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(mycouch_${name} PUBLIC ${LAYER_LINK} PRIVATE mycouch_options ${LAYER_PRIVATE})
endfunction()
