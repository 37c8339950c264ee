// Applications as documents of the system database, and what makes an application usable. Pure functions, but
// for the files that a document names.
//
// An application document is "application_" and the application's id; its members have the names of the
// configuration file's [[application]] settings (docs/configuration.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "auth/principal.h"
#include "base/error.h"
#include "json/value.h"

namespace mycouch::tenancy {

/// `bad_request` with the member that is unknown or of the wrong kind; `unavailable` for a file that cannot
/// be read. What a document leaves out has its default.
Result<auth::Application> read_application(const json::Object& document);

/// All that is wrong with one application by itself, each a sentence of its own: "needs an issuer".
std::vector<std::string> complaints_of(const auth::Application& application,
                                       std::string_view system_database);

/// The first line of a file that holds a secret; `unavailable` with the file's name where it cannot be read,
/// `bad_request` where the line is empty.
Result<std::string> read_secret_file(const std::string& path);

}  // namespace mycouch::tenancy
