// The development issuer's pages, as HTML.
#pragma once

#include <string>
#include <string_view>

namespace mycouch::app {

/// Signs in by name and e-mail, and shows the token, or hands it to the page at `redirect_uri`.
std::string_view sign_in_page();
/// What runs at `url`, with commands to try.
std::string welcome_page(std::string_view url);

}  // namespace mycouch::app
