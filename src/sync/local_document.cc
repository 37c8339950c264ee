#include "sync/local_document.h"

#include <utility>

#include "json/writer.h"

namespace mycouch::sync {
namespace {

constexpr std::size_t kMaxIdLength = 4096;  // as of other documents

}  // namespace

Result<void> check_local_id(std::string_view id) {
  if (id.empty()) return fail(Errc::illegal_docid, "Illegal document id `_local/`");
  if (id.size() > kMaxIdLength) return fail(Errc::illegal_docid, "Document id is too long");
  return {};
}

Result<doc::Edit> read_local_edit(const json::Outline& outline, const json::Node& node, std::string_view id,
                                  std::uint64_t max_document_size) {
  MYCOUCH_CHECK(check_local_id(id.substr(kLocalPrefix.size())));
  const doc::EditRules rules{.max_document_size = max_document_size};
  return doc::read_edit(outline, node, id, rules);
}

Task<std::uint64_t> write_local(store::Database& database, doc::Edit edit) {
  std::string id = edit.id.substr(kLocalPrefix.size());
  if (edit.deleted) {
    auto removed = co_await database.remove_local(std::move(id));
    if (!removed && removed.error().code != Errc::not_found)
      co_return std::unexpected(std::move(removed).error());
    co_return 0;
  }
  MYCOUCH_CO_TRY(const std::uint64_t version, doc::next_local_version(edit.parent));
  MYCOUCH_CO_CHECK(co_await database.write_local(std::move(id), {std::move(edit.body), version}));
  co_return version;
}

void append_json(std::string& out, std::string_view id, const store::LocalDocument& document,
                 bool with_revisions) {
  out += R"({"_id":)";
  json::append_string(out, std::string(kLocalPrefix).append(id));
  out += R"(,"_rev":"0-)";
  json::append_number(out, document.version);
  out += '"';
  constexpr std::size_t kBraces = 2;
  if (document.body.size() > kBraces) {
    out += ',';
    out.append(document.body, 1, document.body.size() - kBraces);
  }
  if (with_revisions) {
    out += R"(,"_revisions":{"start":0,"ids":[")";
    json::append_number(out, document.version);
    out += R"("]})";
  }
  out += '}';
}

}  // namespace mycouch::sync
