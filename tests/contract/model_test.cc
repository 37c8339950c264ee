// Replicas of some documents, each the view of one tenant beside a plain model of it, that edit and replicate
// as they like: after every step the store and the model must say the same.
#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "contract/stores.h"
#include "support/revision_model.h"

namespace mycouch::store::testing {
namespace {

using testing_support::RevisionModel;
using testing_support::text_of;
using Path = RevisionModel::Path;

constexpr unsigned kSeeds = 20;
constexpr int kSteps = 80;
const std::vector<std::string> kReplicas = {"a", "b", "c"};
const std::vector<std::string> kIds = {"x", "y"};

Path path_of(const doc::RevPath& path) {
  Path result;
  for (std::size_t i = 0; i < path.hashes.size(); ++i) {
    result.push_back({path.generation - static_cast<std::uint32_t>(i), path.hashes[i]});
  }
  return result;
}

class Replicas {
 public:
  Replicas(StoreUnderTest& under_test, std::string database, unsigned seed)
      : under_test_(under_test), name_(std::move(database)), random_(seed) {
    EXPECT_TRUE(under_test_.run(under_test_.store().create(name_)));
    open();
  }

  void step() {
    const std::string replica = any_of(kReplicas);
    const std::string id = any_of(kIds);
    switch (below(6)) {
      case 0:
        branch(replica, id);
        break;
      case 1:
      case 2:
        replicate(any_of(kReplicas), replica, id);
        break;
      default:
        edit(replica, id);
    }
    compare(replica, id);
  }

  void reopen() {
    databases_.clear();
    under_test_.reopen();
    open();
    compare_all();
  }

  void compare_all() {
    for (const std::string& replica : kReplicas) {
      for (const std::string& id : kIds) compare(replica, id);
    }
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }

  template <class T>
  const T& any_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

  template <class T>
  T run(Task<T> task) {
    Result<T> result = under_test_.run(std::move(task));
    if (!result) throw std::runtime_error(result.error().reason);
    return *std::move(result);
  }

  void open() {
    for (const std::string& replica : kReplicas) {
      databases_[replica] = under_test_.view(name_, replica, replica);
    }
  }

  WriteOutcome write(const std::string& replica, doc::Edit edit, bool new_edits) {
    std::vector<doc::Edit> edits;
    edits.push_back(std::move(edit));
    return run(databases_[replica]->write(std::move(edits), {.new_edits = new_edits})).front();
  }

  // Content of its own for each edit, but now and then the same on several replicas.
  doc::Edit content(const std::string& id) {
    doc::Edit edit;
    edit.id = id;
    edit.deleted = below(4) == 0;
    edit.body = R"({"n":)" + std::to_string(below(8) == 0 ? 0 : ++made_) + "}";
    return edit;
  }

  // As a client edits: on a leaf; anew, without naming one, where none lives.
  void edit(const std::string& replica, const std::string& id) {
    RevisionModel& model = models_[replica][id];
    const std::vector<doc::Revision> leaves = model.leaves();
    doc::Edit edit = content(id);
    Path path;
    if (!leaves.empty()) {
      const bool anew = model.is_deleted(leaves.front());
      if (anew) edit.deleted = false;
      const doc::Revision parent = anew ? leaves.front() : any_of(leaves);
      if (!anew) edit.parent = parent;
      path = model.path(parent);
    }
    const bool deleted = edit.deleted;
    const std::string body = edit.body;
    const WriteOutcome outcome = write(replica, std::move(edit), true);
    ASSERT_FALSE(outcome.error) << outcome.error->reason;
    path.insert(path.begin(), outcome.revision);
    model.add(path, deleted);
    bodies_[outcome.revision] = body;
  }

  // What a replicator brings of an edit that was made elsewhere: on any revision.
  void branch(const std::string& replica, const std::string& id) {
    const std::vector<doc::Revision> known = models_[replica][id].known();
    if (known.empty()) return;
    Path path = models_[replica][id].path(any_of(known));
    const std::string hash = std::to_string(below(100)) + "." + std::to_string(++made_);
    path.insert(path.begin(), doc::Revision{path.front().generation + 1, doc::RevHash(hash)});
    doc::Edit edit = content(id);
    bodies_[path.front()] = edit.body;
    bring(replica, std::move(edit), path);
  }

  void bring(const std::string& replica, doc::Edit edit, const Path& path) {
    edit.path = {path.front().generation, {}};
    for (const doc::Revision& revision : path) edit.path.hashes.push_back(revision.hash);
    models_[replica][edit.id].add(path, edit.deleted);
    const WriteOutcome outcome = write(replica, std::move(edit), false);
    ASSERT_FALSE(outcome.error) << outcome.error->reason;
    ASSERT_EQ(outcome.revision, path.front());
  }

  // Some leaves as the source hands them out, with their histories or with a part of them; also those that
  // the target has.
  void replicate(const std::string& source, const std::string& target, const std::string& id) {
    const bool whole = below(3) > 0;
    for (const OpenRevision& leaf : run(databases_[source]->read_all_leaves(id, {.rev = {}, .revs = true}))) {
      if (below(3) == 0) continue;
      Path path = path_of(leaf.document->revisions);
      if (!whole) path.resize(1 + below(path.size()));
      doc::Edit edit;
      edit.id = id;
      edit.deleted = leaf.document->deleted;
      edit.body = leaf.document->body;
      bring(target, std::move(edit), path);
    }
  }

  void compare(const std::string& replica, const std::string& id) {
    SCOPED_TRACE("replica " + replica + ", document " + id);
    const RevisionModel& model = models_[replica][id];
    compare_leaves(*databases_[replica], model, id);
    compare_row(*databases_[replica], model, id);
    compare_diff(*databases_[replica], model, id);
    const DatabaseInfo info = run(databases_[replica]->info());
    std::size_t live = 0;
    std::size_t deleted = 0;
    for (const auto& [other, tree] : models_[replica]) {
      const std::vector<doc::Revision> leaves = tree.leaves();
      if (!leaves.empty()) ++(tree.is_deleted(leaves.front()) ? deleted : live);
    }
    ASSERT_EQ(info.doc_count, live);
    ASSERT_EQ(info.doc_del_count, deleted);
  }

  void compare_leaves(Database& database, const RevisionModel& model, const std::string& id) {
    std::vector<doc::Revision> leaves;
    for (const OpenRevision& leaf : run(database.read_all_leaves(id, {.rev = {}, .revs = true}))) {
      leaves.push_back(leaf.revision);
      ASSERT_TRUE(model.knows(leaf.revision)) << leaf.revision.text();
      ASSERT_EQ(leaf.document->deleted, model.is_deleted(leaf.revision));
      ASSERT_EQ(text_of(path_of(leaf.document->revisions)), text_of(model.path(leaf.revision)));
      ASSERT_EQ(leaf.document->body, bodies_.at(leaf.revision));
    }
    ASSERT_EQ(text_of(leaves), text_of(model.leaves()));
    const Result<doc::Document> winner = under_test_.run(database.read(id, {}));
    const bool there = !leaves.empty() && !model.is_deleted(leaves.front());
    ASSERT_EQ(winner.has_value(), there);
    if (there) ASSERT_EQ(winner->revision, leaves.front());
  }

  void compare_row(Database& database, const RevisionModel& model, const std::string& id) {
    const std::vector<ChangeRow> rows = run(database.changes({})).rows;
    const auto row = std::ranges::find(rows, id, &ChangeRow::id);
    ASSERT_EQ(row != rows.end(), !model.leaves().empty());
    if (row == rows.end()) return;
    ASSERT_EQ(text_of(row->leaves), text_of(model.leaves()));
    ASSERT_EQ(row->deleted, model.is_deleted(row->leaves.front()));
  }

  void compare_diff(Database& database, const RevisionModel& model, const std::string& id) {
    std::vector<doc::Revision> asked = {{static_cast<std::uint32_t>(1 + below(20)), doc::RevHash("nowhere")}};
    for (const auto& [other, documents] : models_) {
      if (!documents.contains(id)) continue;
      for (const doc::Revision& leaf : documents.at(id).leaves()) asked.push_back(leaf);
    }
    const auto diff = run(database.revs_diff({{id, asked}})).front();
    const std::set<doc::Revision> missing = model.missing(asked);
    ASSERT_EQ(std::set(diff.missing.begin(), diff.missing.end()), missing);
    ASSERT_EQ(std::set(diff.possible_ancestors.begin(), diff.possible_ancestors.end()),
              model.possible_ancestors(missing));
  }

  StoreUnderTest& under_test_;
  const std::string name_;
  std::mt19937 random_;
  std::map<std::string, std::unique_ptr<Database>> databases_;
  std::map<std::string, std::map<std::string, RevisionModel>> models_;  // by replica and id
  std::map<doc::Revision, std::string> bodies_;
  int made_ = 0;
};

TEST_P(StoreContractTest, ReplicasAgreeWithAPlainModelAfterEveryStep) {
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Replicas replicas(under_test, "seed" + std::to_string(seed), seed);
    for (int step = 0; step < kSteps && !HasFatalFailure(); ++step) {
      SCOPED_TRACE("step " + std::to_string(step));
      replicas.step();
    }
    if (under_test.keeps_data() && !HasFatalFailure()) replicas.reopen();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace mycouch::store::testing
