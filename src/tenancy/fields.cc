#include "tenancy/fields.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "doc/revision.h"
#include "tenancy/documents.h"

namespace mycouch::tenancy {
namespace {

constexpr std::size_t kMaxEmail = 320;          // bytes: 64 of the local part, '@', 255 of the domain
constexpr std::size_t kMaxMetadata = 64 << 10;  // bytes of JSON
constexpr std::size_t kMostMetadata = 1'000;    // members

// All else must be sent as it is stored, or not at all.
constexpr auto kUserMayChange = std::to_array<std::string_view>({"name", "email", "active_tenant_id"});
constexpr auto kTenantMayChange = std::to_array<std::string_view>({"name", "metadata"});

// Members of a tenant's metadata that say how it came to be.
constexpr auto kFixedMetadata = std::to_array<std::string_view>({"isPersonal", "autoCreated"});

template <class Range>
bool holds(const Range& names, std::string_view name) {
  return std::ranges::find(names, name) != std::ranges::end(names);
}

std::string quoted(std::string_view name) {
  return "'" + std::string(name) + "'";
}

bool may_change(Table table, std::string_view name) {
  return table == Table::users ? holds(kUserMayChange, name) : holds(kTenantMayChange, name);
}

// The time of the last change is the server's to note; an app may have put its own into a tenant that it
// changed offline.
bool is_passed_over(Table table, std::string_view name) {
  return table == Table::tenants && name == "updatedAt";
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<std::string> read_name(const json::Value& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) return fail(Errc::bad_request, "'name' must be a string");
  if (count_characters(*text) > kMaxNameCharacters) {
    return fail(Errc::bad_request, "'name' is longer than 200 characters");
  }
  if (has_control_character(*text)) {
    return fail(Errc::bad_request, "'name' must not contain control characters");
  }
  return *text;
}

Result<std::string> read_tenant_name(const json::Value& value) {
  MYCOUCH_TRY(std::string name, read_name(value));
  if (std::ranges::all_of(name, [](char c) { return c == ' '; })) {
    return fail(Errc::bad_request, "a tenant needs a 'name'");
  }
  return name;
}

Result<void> check_metadata(const json::Object& metadata) {
  if (metadata.size() > kMostMetadata)
    return fail(Errc::bad_request, "'metadata' has more than 1,000 members");
  if (json::write(metadata).size() <= kMaxMetadata) return {};
  return fail(Errc::bad_request, "'metadata' is larger than 64 KiB");
}

const json::Object& object_in(const json::Object& document, std::string_view name) {
  static const json::Object kNone;
  const json::Value* value = document.find(name);
  return value == nullptr || value->as_object() == nullptr ? kNone : *value->as_object();
}

std::unexpected<Error> cannot_change(std::string_view name) {
  return fail(Errc::bad_request, "the field " + quoted(name) + " cannot be changed");
}

// One member of the metadata; null: it goes.
Result<void> set_metadata(json::Object& metadata, std::string_view name, const json::Value* value) {
  const json::Value* stored = metadata.find(name);
  const bool same = value != nullptr && stored != nullptr && *value == *stored;
  if (same || (value == nullptr && stored == nullptr)) return {};
  if (holds(kFixedMetadata, name)) return cannot_change("metadata." + std::string(name));
  if (value == nullptr) {
    metadata.erase(name);
  } else {
    metadata.set(name, *value);
  }
  return {};
}

Result<json::Value> merge_metadata(const json::Object& stored, const json::Value& changes) {
  if (changes.as_object() == nullptr) return fail(Errc::bad_request, "'metadata' must be an object");
  MYCOUCH_CHECK(check_metadata(*changes.as_object()));
  json::Object merged = object_in(stored, "metadata");
  for (const auto& [name, value] : *changes.as_object()) {
    MYCOUCH_CHECK(set_metadata(merged, name, value.is_null() ? nullptr : &value));
  }
  MYCOUCH_CHECK(check_metadata(merged));
  return json::Value(std::move(merged));
}

// The same where whole documents are compared: a member that is absent was removed.
Result<json::Value> rebase_metadata(const json::Object& base, const json::Value& edited,
                                    const json::Object& current) {
  if (edited.as_object() == nullptr) return fail(Errc::bad_request, "'metadata' must be an object");
  MYCOUCH_CHECK(check_metadata(*edited.as_object()));
  const json::Object& before = object_in(base, "metadata");
  json::Object merged = object_in(current, "metadata");
  for (const auto& [name, value] : *edited.as_object()) {
    const json::Value* old = before.find(name);
    if (old == nullptr || *old != value) MYCOUCH_CHECK(set_metadata(merged, name, &value));
  }
  for (const auto& [name, value] : before) {
    if (!edited.as_object()->contains(name)) MYCOUCH_CHECK(set_metadata(merged, name, nullptr));
  }
  MYCOUCH_CHECK(check_metadata(merged));
  return json::Value(std::move(merged));
}

Result<json::Value> read_active_tenant(const json::Object& user, const json::Value& value) {
  if (value.as_string() == nullptr) return fail(Errc::bad_request, "'active_tenant_id' must be a string");
  if (!lists_tenant(user, *value.as_string())) {
    return fail(Errc::forbidden, "you are not a member of the tenant in 'active_tenant_id'");
  }
  return value;
}

// A new value of a field that may be changed, but for the metadata.
Result<json::Value> read_change(Table table, const json::Object& stored, std::string_view name,
                                const json::Value& value) {
  if (name == "email") return read_email(value);
  if (name == "active_tenant_id") return read_active_tenant(stored, value);
  return table == Table::users ? read_name(value) : read_tenant_name(value);
}

Result<void> check_parent(const json::Object& stored, const json::Value* rev) {
  if (rev == nullptr) return {};
  if (rev->as_string() == nullptr) return fail(Errc::bad_request, "'_rev' must be a string");
  MYCOUCH_TRY([[maybe_unused]] auto parsed, doc::parse_revision(*rev->as_string()));
  if (*rev->as_string() != stored.string("_rev")) return fail(Errc::conflict, "Document update conflict.");
  return {};
}

Result<void> check_unchanged(const json::Object& stored, std::string_view name, const json::Value& value) {
  const json::Value* before = stored.find(name);
  if (before == nullptr) return unknown_field(name);
  if (*before != value) return cannot_change(name);
  return {};
}

Result<void> check_time(std::string_view name, const json::Value& value) {
  if (value.as_string() != nullptr && base::from_rfc3339(*value.as_string())) return {};
  return fail(Errc::bad_request, quoted(name) + " must be a time as RFC 3339 has it");
}

// A field that an edited document has and its base has not, or has otherwise.
Result<void> take_over(Table table, const json::Object& base, std::string_view name, const json::Value& value,
                       json::Object& current) {
  if (const json::Value* now = current.find(name); now != nullptr && *now == value) return {};
  if (is_passed_over(table, name)) return check_time(name, value);
  if (!may_change(table, name)) return check_unchanged(current, name, value);
  auto changed =
      name == "metadata" ? rebase_metadata(base, value, current) : read_change(table, current, name, value);
  MYCOUCH_TRY(json::Value accepted, std::move(changed));
  current.set(name, std::move(accepted));
  return {};
}

}  // namespace

std::string_view prefix_of(Table table) {
  return table == Table::users ? kUserPrefix : kTenantPrefix;
}

std::size_t count_characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::unexpected<Error> unknown_field(std::string_view name) {
  return fail(Errc::bad_request, "unknown field " + quoted(name));
}

Result<std::string> read_email(const json::Value& value) {
  const std::string* text = value.as_string();
  if (text == nullptr) return fail(Errc::bad_request, "'email' must be a string");
  const bool plausible = text->empty() || (text->contains('@') && !text->contains(' '));
  if (!plausible || text->size() > kMaxEmail || has_control_character(*text)) {
    return fail(Errc::bad_request, "'email' is not an e-mail address");
  }
  return *text;
}

Result<void> merge_changes(Table table, json::Object& stored, const json::Object& changes) {
  // A client that sends back a whole document that is stale has a conflict, not bad fields: `_rev` comes
  // first.
  MYCOUCH_CHECK(check_parent(stored, changes.find("_rev")));
  json::Object merged = stored;
  for (const auto& [name, value] : changes) {
    if (name == "_rev" || is_passed_over(table, name)) continue;
    if (!may_change(table, name)) {
      MYCOUCH_CHECK(check_unchanged(stored, name, value));
      continue;
    }
    auto changed =
        name == "metadata" ? merge_metadata(stored, value) : read_change(table, stored, name, value);
    MYCOUCH_TRY(json::Value accepted, std::move(changed));
    merged.set(name, std::move(accepted));
  }
  stored = std::move(merged);
  return {};
}

Result<json::Object> rebase(Table table, const json::Object& base, const json::Object& edited,
                            json::Object current) {
  for (const auto& [name, value] : edited) {
    if (name.starts_with('_')) continue;
    const json::Value* before = base.find(name);
    if (before != nullptr && *before == value) continue;
    MYCOUCH_CHECK(take_over(table, base, name, value, current));
  }
  for (const auto& [name, value] : base) {
    if (name.starts_with('_') || edited.contains(name) || !current.contains(name)) continue;
    return fail(Errc::bad_request, "the field " + quoted(name) + " cannot be removed");
  }
  return current;
}

Result<TenantRequest> read_tenant_request(const json::Object& request) {
  TenantRequest read;
  bool named = false;
  for (const auto& [name, value] : request) {
    if (name == "name") {
      MYCOUCH_TRY(read.name, read_tenant_name(value));
      named = true;
    } else if (name == "metadata") {
      if (value.as_object() == nullptr) return fail(Errc::bad_request, "'metadata' must be an object");
      read.metadata = *value.as_object();
    } else {
      return unknown_field(name);
    }
  }
  if (!named) return fail(Errc::bad_request, "a tenant needs a 'name'");
  const json::Value* personal = read.metadata.find("isPersonal");
  if (personal != nullptr && *personal != json::Value(false)) {
    return fail(Errc::bad_request, "'metadata.isPersonal' is the server's to set");
  }
  MYCOUCH_CHECK(check_metadata(read.metadata));
  return read;
}

}  // namespace mycouch::tenancy
