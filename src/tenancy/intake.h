// To which tenant each revision goes of a document from a database that tenants have shared. Pure functions.
//
// In such a database a member of the document names its tenant. What belongs to a tenant must not come into
// sight of another, so each leaf revision goes where it says itself, also where the leaves of one document
// name different tenants: then each of them gets a document of that id, with its own leaves. A tombstone
// seldom names a tenant; it goes where the document's other leaves go, so that a deletion reaches all who had
// the document.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "doc/document.h"

namespace mycouch::tenancy {

/// The internal id of the tenant that `field` of a document's body names; empty where it names none: the
/// member is not there, no string, or empty. Where it names the tenant without "tenant_", it does so
/// afterwards with it, as the server writes it; the rest of the body stays as it is, to the byte.
Result<std::string> take_tenant(std::string& body, std::string_view field);

/// One leaf revision of a document.
struct IncomingLeaf {
  doc::Edit edit;      // replicated, with its path
  std::string tenant;  // empty: it names none
};

struct Placement {
  std::map<std::string, std::vector<doc::Edit>> by_tenant;
  std::vector<doc::Edit> nowhere;
};

/// All leaves of one document.
Placement place(std::vector<IncomingLeaf> leaves);

}  // namespace mycouch::tenancy
