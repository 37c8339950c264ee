// The development issuer's page, as HTML.
#pragma once

#include <string_view>

namespace mycouch::app {

/// Signs in by name and e-mail, and shows the token, or hands it to the page at `redirect_uri`.
std::string_view sign_in_page();

}  // namespace mycouch::app
