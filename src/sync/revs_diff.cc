#include "sync/revs_diff.h"

#include <unordered_map>

#include "json/repeated_members.h"
#include "json/writer.h"
#include "sync/limits.h"

namespace mycouch::sync {
namespace {

constexpr int kDepth = 2;  // the request, an id's list, a revision

void append_revisions(std::string& out, const std::vector<doc::Revision>& revisions) {
  out += '[';
  for (const doc::Revision& revision : revisions) {
    if (out.back() != '[') out += ',';
    json::append_string(out, revision.text());
  }
  out += ']';
}

// An object with a member for each id of which something is missing.
template <class AppendValue>
void append_by_id(std::string& out, const std::vector<store::Database::RevisionsDiff>& diffs,
                  AppendValue append_value) {
  out += '{';
  bool first = true;
  for (const auto& diff : diffs) {
    if (diff.missing.empty()) continue;
    if (!std::exchange(first, false)) out += ',';
    json::append_string(out, diff.id);
    out += ':';
    append_value(diff);
  }
  out += '}';
}

}  // namespace

Result<RevisionsAsked> read_revisions_asked(std::string_view body) {
  MYCOUCH_TRY(json::Outline outline, json::outline_with_repeated_members(body, kDepth));
  if (outline.root().kind != json::Kind::object) {
    return fail(Errc::bad_request, "Request body must be a JSON object");
  }
  RevisionsAsked asked;
  std::unordered_map<std::string_view, std::size_t> places;  // of the ids in `asked`
  std::size_t count = 0;                                     // of revisions
  for (const json::Node& list : outline.children(outline.root())) {
    MYCOUCH_CHECK(check_count(asked.size() + 1, kMaxDocuments, "ids"));
    if (list.kind != json::Kind::array) return fail(Errc::bad_request, "Invalid list of revisions");
    const auto [place, is_new] = places.try_emplace(list.name, asked.size());
    if (is_new) asked.emplace_back().first = list.name;
    std::vector<doc::Revision>& revisions = asked[place->second].second;
    revisions.clear();
    for (const json::Node& text : outline.children(list)) {
      MYCOUCH_CHECK(check_count(++count, kMaxRevisions, "revisions"));
      if (text.kind != json::Kind::string) return fail(Errc::bad_request, "Invalid rev format");
      MYCOUCH_TRY(doc::Revision revision, doc::parse_revision(json::decode_string(text.text)));
      revisions.push_back(std::move(revision));
    }
  }
  return asked;
}

void append_revs_diff(std::string& out, const std::vector<store::Database::RevisionsDiff>& diffs) {
  append_by_id(out, diffs, [&out](const store::Database::RevisionsDiff& diff) {
    out += R"({"missing":)";
    append_revisions(out, diff.missing);
    if (!diff.possible_ancestors.empty()) {
      out += R"(,"possible_ancestors":)";
      append_revisions(out, diff.possible_ancestors);
    }
    out += '}';
  });
}

void append_missing_revs(std::string& out, const std::vector<store::Database::RevisionsDiff>& diffs) {
  out += R"({"missing_revs":)";
  append_by_id(out, diffs,
               [&out](const store::Database::RevisionsDiff& diff) { append_revisions(out, diff.missing); });
  out += '}';
}

}  // namespace mycouch::sync
