#include "store/couch/transaction.h"

#include <algorithm>

#include "json/writer.h"
#include "store/couch/wire.h"

namespace mycouch::store::couch {
namespace {

std::unexpected<Error> update_conflict() {
  return fail(Errc::conflict, "Document update conflict.");
}

bool is_leaf(const std::vector<Leaf>& leaves, const doc::Revision& revision) {
  return std::ranges::find(leaves, revision, &Leaf::revision) != leaves.end();
}

// The leaf that an edit is made on, or must find; nothing for a new document.
Result<std::optional<doc::Revision>> parent_of(const doc::Edit& edit, const std::vector<Leaf>& before,
                                               const std::vector<Leaf>& leaves) {
  if (edit.parent) {
    if (!is_leaf(before, *edit.parent)) return update_conflict();
    return edit.parent;
  }
  // A replicated edit needs no parent; any other one makes the document, or makes it anew.
  if (!edit.path.hashes.empty() || leaves.empty()) return std::nullopt;
  if (!leaves.front().deleted) return update_conflict();
  return leaves.front().revision;
}

doc::RevPath path_of(const doc::Edit& edit, const std::optional<doc::Revision>& parent) {
  if (!edit.path.hashes.empty()) return edit.path;
  const doc::Revision made = doc::next_revision(parent, edit.deleted, edit.body, {});
  doc::RevPath path{made.generation, {made.hash}};
  if (parent) path.hashes.push_back(parent->hash);
  return path;
}

bool is_ancestor(const doc::Revision& revision, const doc::RevPath& path) {
  if (revision.generation >= path.generation) return false;
  const std::size_t at = path.generation - revision.generation;
  return at < path.hashes.size() && path.hashes[at] == revision.hash;
}

PlannedDocument read_planned(const json::Outline& outline, const json::Node& node) {
  PlannedDocument planned{.database = string_of(outline, node, "database"),
                          .id = string_of(outline, node, "id"),
                          .before = string_of(outline, node, "before"),
                          .after = string_of(outline, node, "after"),
                          .json = {}};
  if (const json::Node* document = outline.find(node, "document")) planned.json = document->text;
  return planned;
}

bool is_whole(const PlannedDocument& planned) {
  return !planned.database.empty() && !planned.id.empty() && !planned.after.empty() && !planned.json.empty();
}

void append_planned(std::string& out, const PlannedDocument& planned) {
  out += R"({"database":)";
  json::append_string(out, planned.database);
  out += R"(,"id":)";
  json::append_string(out, planned.id);
  out += R"(,"before":)";
  json::append_string(out, planned.before);
  out += R"(,"after":)";
  json::append_string(out, planned.after);
  out += R"(,"document":)";
  out += planned.json;
  out += '}';
}

}  // namespace

void sort_leaves(std::vector<Leaf>& leaves) {
  std::ranges::sort(leaves, [](const Leaf& a, const Leaf& b) {
    if (a.deleted != b.deleted) return b.deleted;
    return a.revision > b.revision;
  });
}

Result<PlannedDocument> plan(std::string database, std::string id, const doc::Edit& edit,
                             const Leaves& before, Leaves& leaves) {
  std::vector<Leaf>& own = leaves[{database, id}];
  const auto known = before.find({database, id});
  MYCOUCH_TRY(const std::optional<doc::Revision> parent,
              parent_of(edit, known == before.end() ? std::vector<Leaf>{} : known->second, own));
  doc::Edit replicated = edit;
  replicated.path = path_of(edit, parent);
  replicated.parent.reset();
  PlannedDocument planned{.database = std::move(database),
                          .id = std::move(id),
                          .before = parent ? parent->text() : "",
                          .after = replicated.path.leaf().text(),
                          .json = {}};
  append_edit(planned.json, planned.id, replicated, false);
  std::erase_if(own, [&](const Leaf& leaf) { return is_ancestor(leaf.revision, replicated.path); });
  if (!is_leaf(own, replicated.path.leaf())) own.push_back({replicated.path.leaf(), edit.deleted});
  sort_leaves(own);
  return planned;
}

std::string journal_json(const JournalEntry& entry) {
  std::string out = R"({"_id":"journal")";
  if (!entry.rev.empty()) {
    out += R"(,"_rev":)";
    json::append_string(out, entry.rev);
  }
  out += R"(,"holder":)";
  json::append_string(out, entry.holder);
  out += R"(,"transactions":[)";
  for (const Transaction& transaction : entry.transactions) {
    if (out.back() != '[') out += ',';
    out += '[';
    for (const PlannedDocument& planned : transaction.documents) {
      if (out.back() != '[') out += ',';
      append_planned(out, planned);
    }
    out += ']';
  }
  return out + "]}";
}

Result<JournalEntry> read_journal(std::string_view json) {
  constexpr int kDepth = 4;  // the journal, its transactions, one, its documents, their members
  const auto outline = json::outline(json, kDepth);
  if (!outline) return not_couchdb("the journal is no JSON");
  const json::Node& root = outline->root();
  JournalEntry entry{.rev = string_of(*outline, root, "_rev"),
                     .holder = string_of(*outline, root, "holder"),
                     .transactions = {}};
  const json::Node* transactions = outline->find(root, "transactions");
  if (entry.rev.empty() || transactions == nullptr) return not_couchdb("the journal has an unknown form");
  for (const json::Node& node : outline->children(*transactions)) {
    Transaction& transaction = entry.transactions.emplace_back();
    for (const json::Node& document : outline->children(node)) {
      transaction.documents.push_back(read_planned(*outline, document));
      if (!is_whole(transaction.documents.back())) return not_couchdb("the journal has an unknown form");
    }
  }
  return entry;
}

}  // namespace mycouch::store::couch
