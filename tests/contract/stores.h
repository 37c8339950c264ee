// The stores that the contract is checked on, and what the tests need around them.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/offload.h"
#include "contract/upstream_server.h"
#include "store/store.h"
#include "support/run_task.h"

namespace mycouch::store::testing {

/// Shows what it is set to; from any thread.
class SetClock final : public base::Clock {
 public:
  base::WallTime now() const override { return time; }
  std::atomic<base::WallTime> time{base::system_clock().now()};
};

/// A store that can be closed and opened again.
class StoreUnderTest {
 public:
  explicit StoreUnderTest(std::string kind);
  ~StoreUnderTest();
  StoreUnderTest(const StoreUnderTest&) = delete;
  StoreUnderTest& operator=(const StoreUnderTest&) = delete;

  Store& store() { return *store_; }
  bool keeps_data() const { return kind_ != "memory"; }
  /// The store writes to its own disk or memory; other stores write to a server, which knows less of what
  /// belongs together, and whose sizes are its own affair.
  bool is_embedded() const { return kind_ == "memory" || kind_ == "rocksdb"; }
  /// Closes the store and opens it again on the same data.
  void reopen();

  template <class T>
  Result<T> run(Task<T> task) {
    return testing_support::run_task(std::move(task));
  }

  /// What records of logs get; the time of the start where it is not set.
  void set_time(base::WallTime time) { clock_.time = time; }
  base::WallTime time() const { return clock_.time; }

  /// What is on the disk now, opened a second time, to be read. The pool is this one's.
  Result<std::unique_ptr<Store>> open_to_read();

  /// Names of the files in the folder of a store on disk that end so.
  std::set<std::string> files(const std::string& ending) const;

  /// Rows of one family of a store on disk, while it is open.
  std::size_t rows_of(const std::string& family) const;

  /// A view that must open.
  std::unique_ptr<Database> view(std::string name, std::string partition = "", std::string scope = "");

 private:
  void open();
  Result<std::unique_ptr<Store>> open_engine();
  Result<std::unique_ptr<Store>> open_couch();

  std::string kind_;
  SetClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<UpstreamServer> upstream_;
  std::unique_ptr<base::Pool> pool_;
  std::unique_ptr<Store> store_;
};

/// Every kind; a real CouchDB where MYCOUCH_TEST_COUCHDB_URL names one.
std::vector<std::string> kinds();

/// Each test of the suite runs on each kind of store, with a database "db".
class StoreContractTest : public ::testing::TestWithParam<std::string> {
 protected:
  StoreContractTest() : under_test(GetParam()) { EXPECT_TRUE(run(store().create("db"))); }

  Store& store() { return under_test.store(); }
  template <class T>
  Result<T> run(Task<T> task) {
    return under_test.run(std::move(task));
  }
  std::unique_ptr<Database> tenant(const std::string& name) { return under_test.view("db", name, name); }

  /// One edit made here: its outcome.
  WriteOutcome put(Database& database, std::string id, std::string body,
                   std::optional<std::string> parent = {}, bool deleted = false);
  /// One replicated edit: `path` is newest first, "2-b,1-a".
  WriteOutcome replicate(Database& database, std::string id, std::string body, std::vector<std::string> path,
                         bool deleted = false);
  /// The body of the winner, or the error's reason.
  std::string body_of(Database& database, const std::string& id);
  /// The stored bytes, read in pieces of an odd size.
  std::string read_all(AttachmentReader& reader);
  /// Of the winner's attachment, or the error's reason.
  std::string content_of(Database& database, const std::string& id, const std::string& name = "a");
  std::vector<std::string> change_ids(Database& database, std::uint64_t since = 0);

  StoreUnderTest under_test;
};

doc::Revision revision(const std::string& text);

}  // namespace mycouch::store::testing
