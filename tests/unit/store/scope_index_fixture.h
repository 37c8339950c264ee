// A scope index in a folder of its own, and short words for what the tests do with it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "store/couch/scope_index.h"

namespace mycouch::store::couch {

/// "2-b"
doc::Revision revision(const std::string& text);

/// `leaves` winner first; of a tenant whose documents belong to its own scope.
FoldedDocument tenants(const std::string& tenant, const std::string& id,
                       const std::vector<std::string>& leaves, bool deleted = false);
/// Outside any tenant: the scopes are the whole, and the letters of `members`.
FoldedDocument shared(const std::string& id, const std::string& leaf, const std::string& members,
                      bool deleted = false);

class ScopeIndexTest : public ::testing::Test {
 protected:
  ScopeIndexTest();
  ~ScopeIndexTest() override;

  ScopeIndex& index() { return *index_; }
  std::string directory() const { return (folder_ / "index").string(); }
  const std::filesystem::path& folder() const { return folder_; }
  void open();
  void close() { index_.reset(); }
  void reopen();

  /// Into "db"; a fold that must succeed.
  Folded fold(const std::vector<FoldedDocument>& rows);

  // Of "db", reads that must succeed.
  /// "3:x" for each row; "3:-x" where it is deleted.
  std::vector<std::string> rows(const ScopeName& scope, std::uint64_t since = 0);
  /// "update_seq/documents/deleted"
  std::string counted(const ScopeName& scope);
  /// "3 2-b 1-a"; "-3 …" where it is deleted, "left 3 …" where it has left; "never".
  std::string place(const ScopeName& scope, const std::string& id);
  std::vector<std::string> ids(const ScopeName& scope);

  /// The RocksDB of an index that is not open, by the names of its families.
  using Families = std::function<rocksdb::ColumnFamilyHandle*(const std::string& name)>;
  static void change_files(const std::string& directory,
                           const std::function<void(rocksdb::DB& db, const Families& families)>& work);

 private:
  const std::filesystem::path folder_;
  std::unique_ptr<ScopeIndex> index_;
};

}  // namespace mycouch::store::couch
