// How what is confined lies in a database of a CouchDB: the ids of documents, and the paths of requests. Pure
// functions.
//
// In an application's database, document x of tenant T is "T:x" and its local document x "_local/T:x". A
// colon ends the tenant, so one that is part of the tenant's name is escaped there, as is everything but
// letters, digits and "_-.": two tenants' ids never meet, and never begin alike. What is outside any tenant
// stands under its own id; where that has a colon, another goes before it, as of a tenant without a name.
// In any other database (`plain`) there are no tenants, and ids are as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace mycouch::store::couch {

enum class Layout : bool { plain, partitioned };

/// "T:" or empty: what the upstream ids of a partition begin with.
std::string partition_prefix(std::string_view partition);

/// A partition and an id within it.
struct ConfinedId {
  std::string partition{};
  std::string id{};
};

std::string upstream_id(Layout layout, std::string_view partition, std::string_view id);
/// Nothing where it is no id that upstream_id() makes: it is nobody's then.
std::optional<ConfinedId> confined_id(Layout layout, std::string_view upstream);

/// The name behind "_local/" of a scope's local document. Those of a scope that is less than its partition
/// lie under the scope's name.
std::string upstream_local_id(Layout layout, std::string_view partition, std::string_view scope,
                              std::string_view id);
/// What such names of one scope begin with; empty where they may begin with anything.
std::string local_prefix(std::string_view partition, std::string_view scope);

/// "/db".
std::string database_path(std::string_view database);
/// "/db/id", with an id as it is upstream. The slash of "_design/x" and "_local/x" stands; everything else is
/// escaped, also what a proxy on the way could take for a step in the path.
std::string document_path(std::string_view database, std::string_view id);
std::string attachment_path(std::string_view database, std::string_view id, std::string_view name);

}  // namespace mycouch::store::couch
