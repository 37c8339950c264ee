#include "unit/store/scope_index_fixture.h"

#include <map>
#include <stdexcept>

#include "base/random.h"

namespace mycouch::store::couch {
namespace {

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().reason);
  return *std::move(result);
}

}  // namespace

doc::Revision revision(const std::string& text) {
  return value_of(doc::parse_revision(text));
}

FoldedDocument tenants(const std::string& tenant, const std::string& id,
                       const std::vector<std::string>& leaves, bool deleted) {
  FoldedDocument document{
      .partition = tenant, .id = id, .deleted = deleted, .leaves = {}, .scopes = {tenant}};
  for (const std::string& leaf : leaves) document.leaves.push_back(revision(leaf));
  return document;
}

FoldedDocument shared(const std::string& id, const std::string& leaf, const std::string& members,
                      bool deleted) {
  FoldedDocument document{
      .partition = "", .id = id, .deleted = deleted, .leaves = {revision(leaf)}, .scopes = {""}};
  for (char member : members) document.scopes.emplace_back(1, member);
  return document;
}

ScopeIndexTest::ScopeIndexTest()
    : folder_(std::filesystem::temp_directory_path() / ("mycouch-scope-index-" + base::random_uuid())) {
  std::filesystem::create_directories(folder_);
  open();
  EXPECT_TRUE(index().begin("db", "1"));
}

ScopeIndexTest::~ScopeIndexTest() {
  close();
  std::filesystem::remove_all(folder_);
}

void ScopeIndexTest::open() {
  index_ = value_of(ScopeIndex::open({.directory = directory()}));
}

void ScopeIndexTest::reopen() {
  close();
  open();
}

Folded ScopeIndexTest::fold(const std::vector<FoldedDocument>& rows) {
  return value_of(index().fold("db", rows, "1", true));
}

std::vector<std::string> ScopeIndexTest::rows(const ScopeName& scope, std::uint64_t since) {
  std::vector<std::string> found;
  for (const ChangeRow& row : value_of(index().changes("db", scope, {.since = since})).rows) {
    found.push_back(std::to_string(row.seq) + (row.deleted ? ":-" : ":") + row.id);
  }
  return found;
}

std::string ScopeIndexTest::counted(const ScopeName& scope) {
  const ScopeCounts counts = value_of(index().counts("db", scope));
  return std::to_string(counts.update_seq) + "/" + std::to_string(counts.doc_count) + "/" +
         std::to_string(counts.doc_del_count);
}

std::string ScopeIndexTest::place(const ScopeName& scope, const std::string& id) {
  const auto found = value_of(index().place("db", scope, id));
  if (!found) return "never";
  EXPECT_EQ(found->leaf, found->leaves.front());
  EXPECT_TRUE(found->deleted || !found->left);
  std::string text = found->left ? "left " : found->deleted ? "-" : "";
  text += std::to_string(found->seq);
  for (const doc::Revision& leaf : found->leaves) text += " " + leaf.text();
  return text;
}

std::vector<std::string> ScopeIndexTest::ids(const ScopeName& scope) {
  return value_of(index().ids("db", scope, "", 1000));
}

void ScopeIndexTest::change_files(
    const std::string& directory,
    const std::function<void(rocksdb::DB& db, const Families& families)>& work) {
  std::vector<std::string> names;
  rocksdb::Status status = rocksdb::DB::ListColumnFamilies({}, directory, &names);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  if (status.ok()) status = rocksdb::DB::Open({}, directory, descriptors, &handles, &opened);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  std::unique_ptr<rocksdb::DB> db(opened);
  std::map<std::string, rocksdb::ColumnFamilyHandle*> by_name;
  for (rocksdb::ColumnFamilyHandle* handle : handles) by_name[handle->GetName()] = handle;
  work(*db, [&](const std::string& name) { return by_name.at(name); });
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
}

}  // namespace mycouch::store::couch
