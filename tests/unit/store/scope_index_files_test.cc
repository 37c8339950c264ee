// What becomes of a scope index when it is closed, cut short, spoilt, or has no room.

#include <atomic>
#include <cerrno>
#include <thread>

#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/couch/index_keys.h"
#include "store/couch/index_records.h"
#include "unit/store/scope_index_fixture.h"

namespace {

std::atomic<bool> disk_is_full = false;

}  // namespace

// In the place of the C library's, for all of this process.
extern "C" ssize_t write(int file, const void* bytes, size_t size) {
  if (disk_is_full && file > STDERR_FILENO) {
    errno = ENOSPC;
    return -1;
  }
  return syscall(SYS_write, file, bytes, size);
}

namespace mycouch::store::couch {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const ScopeName kA{"a", "a"};
const ScopeName kMember{"", "m"};

class ScopeIndexFilesTest : public ScopeIndexTest {
 protected:
  /// What the end of the process would leave of the open index: opened instead of it.
  void crash() {
    std::filesystem::copy(directory(), folder() / "left", std::filesystem::copy_options::recursive);
    close();
    std::filesystem::remove_all(directory());
    std::filesystem::rename(folder() / "left", directory());
  }

  void put(const std::string& family, const std::string& key, const std::string& value) {
    change_files(directory(), [&](rocksdb::DB& db, const Families& families) {
      ASSERT_TRUE(db.Put({}, families(family), key, value).ok());
    });
  }

  std::size_t rows_in(const std::string& family) {
    std::size_t count = 0;
    change_files(directory(), [&](rocksdb::DB& db, const Families& families) {
      std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator({}, families(family)));
      for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++count;
    });
    return count;
  }

  std::size_t rows_of_documents() {
    std::size_t count = 0;
    for (const char* family : {"documents", "changes", "counters", "members"}) count += rows_in(family);
    return count;
  }
};

TEST_F(ScopeIndexFilesTest, EverythingIsThereAfterReopening) {
  const std::string uuid = index().uuid();
  EXPECT_EQ(uuid.size(), 32U);
  fold({tenants("a", "x", {"2-b", "2-a"}), shared("t", "1-a", "m"), shared("t", "2-b", "")});
  ASSERT_TRUE(index().fold("db", {}, "17-opaque", true));
  const auto state = *index().state("db");
  reopen();
  EXPECT_EQ(index().uuid(), uuid);
  EXPECT_EQ(*index().state("db"), state);
  EXPECT_EQ(state->since, "17-opaque");
  EXPECT_EQ(place(kA, "x"), "1 2-b 2-a");
  EXPECT_EQ(place(kMember, "t"), "left 2 2-b");
  fold({tenants("a", "y", {"1-a"})});
  EXPECT_THAT(rows(kA), ElementsAre("1:x", "2:y"));
}

TEST_F(ScopeIndexFilesTest, TheEndOfTheProcessLosesNothing) {
  fold({tenants("a", "x", {"1-a"})});
  ASSERT_TRUE(index().fold("db", {tenants("a", "y", {"1-a"})}, "2", false));
  const auto state = *index().state("db");
  crash();
  open();
  EXPECT_EQ(*index().state("db"), state);
  EXPECT_THAT(rows(kA), ElementsAre("1:x", "2:y"));
}

// A loss of power may have taken sequences back that clients hold.
TEST_F(ScopeIndexFilesTest, AfterTheEndOfTheMachineAllEpochsAreNew) {
  fold({tenants("a", "x", {"1-a"})});
  const auto state = *index().state("db");
  const std::string uuid = index().uuid();
  crash();
  put("default", std::string(kOpenKey), "another boot");
  open();
  const auto renewed = *index().state("db");
  EXPECT_NE(renewed->epoch, state->epoch);
  EXPECT_EQ(renewed->since, state->since);
  EXPECT_EQ(renewed->incarnation, state->incarnation);
  EXPECT_TRUE(renewed->complete);
  EXPECT_EQ(index().uuid(), uuid);
  EXPECT_THAT(rows(kA), ElementsAre("1:x"));
  reopen();
  EXPECT_EQ(*index().state("db"), renewed);
}

TEST_F(ScopeIndexFilesTest, RowsOfAFormerLifeGoFromTheFiles) {
  fold({tenants("a", "x", {"1-a"}), shared("t", "1-a", "m")});
  ASSERT_TRUE(index().begin("db", "2"));
  fold({tenants("a", "y", {"1-a"})});
  close();
  EXPECT_EQ(rows_of_documents(), 3U);
  open();
  ASSERT_TRUE(index().remove("db"));
  close();
  EXPECT_EQ(rows_of_documents(), 0U);
  EXPECT_EQ(rows_in("default"), 1U);
  open();
}

TEST_F(ScopeIndexFilesTest, ASweepThatWasCutShortIsDoneAtTheNextStart) {
  fold({tenants("a", "x", {"1-a"}), shared("t", "1-a", "m")});
  close();
  change_files(directory(), [](rocksdb::DB& db, const Families& families) {
    std::string record;
    ASSERT_TRUE(db.Get({}, families("default"), database_key("db"), &record).ok());
    ASSERT_TRUE(db.Delete({}, families("default"), database_key("db")).ok());
    ASSERT_TRUE(db.Put({}, families("default"), dead_key(DatabaseRecord::decode(record)->number), "").ok());
  });
  reopen();
  ASSERT_TRUE(index().begin("db", "2"));
  EXPECT_THAT(rows(kA), IsEmpty());
  close();
  EXPECT_EQ(rows_of_documents(), 0U);
  open();
}

TEST_F(ScopeIndexFilesTest, ADirectoryIsOpenOnce) {
  auto second = ScopeIndex::open({.directory = directory()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
}

TEST_F(ScopeIndexFilesTest, AnIndexOfAnotherFormatIsRefused) {
  close();
  put("default", std::string(kIndexKey), "\x02\x01x");
  auto opened = ScopeIndex::open({.directory = directory()});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable);
  put("default", std::string(kIndexKey), "\x01\x09x");
  EXPECT_EQ(ScopeIndex::open({.directory = directory()}).error().code, Errc::internal);
  put("default", std::string(kIndexKey), "\x01\x01x");
  put("default", database_key("db"), "\x01");
  EXPECT_EQ(ScopeIndex::open({.directory = directory()}).error().code, Errc::internal);
}

// Each family's rows are overwritten in turn; the other reads go on.
TEST_F(ScopeIndexFilesTest, ARowThatCannotBeReadIsAnErrorAndNoCrash) {
  fold({tenants("a", "x", {"1-a"}), tenants("a", "y", {"1-a"})});
  auto spoil = [this](const std::string& family) {
    close();
    change_files(directory(), [&](rocksdb::DB& db, const Families& families) {
      std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator({}, families(family)));
      for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        ASSERT_TRUE(db.Put({}, families(family), rows->key(), "\xff").ok());
      }
    });
    open();
  };
  spoil("changes");
  EXPECT_EQ(index().changes("db", kA, {}).error().code, Errc::internal);
  EXPECT_EQ(place(kA, "x"), "1 1-a");
  spoil("documents");
  EXPECT_EQ(index().place("db", kA, "x").error().code, Errc::internal);
  EXPECT_EQ(index().ids("db", kA, "", 10).error().code, Errc::internal);
  EXPECT_EQ(
      index().fold("db", {tenants("a", "z", {"1-a"}), tenants("a", "x", {"2-b"})}, "9", true).error().code,
      Errc::internal);
  EXPECT_EQ(counted(kA), "2/2/0");
  EXPECT_EQ(place(kA, "z"), "never");
  EXPECT_EQ((*index().state("db"))->since, "1");
  spoil("counters");
  EXPECT_EQ(index().counts("db", kA).error().code, Errc::internal);
  EXPECT_EQ(index().changes("db", kA, {}).error().code, Errc::internal);
  EXPECT_EQ(index().pending("db", kA, 0).error().code, Errc::internal);

  // The index is no truth of its own: it begins anew.
  ASSERT_TRUE(index().begin("db", "1"));
  fold({tenants("a", "x", {"1-a"})});
  EXPECT_THAT(rows(kA), ElementsAre("1:x"));
}

TEST_F(ScopeIndexFilesTest, CountersThatDoNotCountTheirRowsAreAnError) {
  fold({tenants("a", "x", {"1-a"})});
  close();
  change_files(directory(), [](rocksdb::DB& db, const Families& families) {
    std::unique_ptr<rocksdb::Iterator> rows(db.NewIterator({}, families("counters")));
    rows->SeekToFirst();
    ASSERT_TRUE(db.Put({}, families("counters"), rows->key(), CountersRecord{.update_seq = 1}.encode()).ok());
  });
  open();
  EXPECT_EQ(index().fold("db", {tenants("a", "x", {"2-b"})}, "9", true).error().code, Errc::internal);
  EXPECT_EQ(index().purge("db", "a", {"x"}).error().code, Errc::internal);
  EXPECT_THAT(rows(kA), ElementsAre("1:x"));
}

TEST_F(ScopeIndexFilesTest, NoBytesThatAreNotARecordAreReadAsOne) {
  DocumentRecord document{.deleted = true,
                          .leaves = {revision("2-b"), revision("1-0123456789abcdef0123456789abcdef")}};
  document.positions = {{.scope = "a", .sequence = 300},
                        {.scope = "m", .sequence = 1, .left_by = revision("1-c")}};
  const DatabaseRecord database{.number = 3, .state = {.incarnation = "i", .since = "9", .epoch = "e"}};
  const std::string bytes = document.encode();
  EXPECT_EQ(DocumentRecord::decode(bytes)->encode(), bytes);
  EXPECT_FALSE(DocumentRecord::decode(bytes + "x"));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DocumentRecord::decode(std::string_view(bytes).substr(0, size)));
    for (char other : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string spoilt = bytes;
      spoilt[size] = other;
      if (auto read = DocumentRecord::decode(spoilt)) EXPECT_FALSE(read->leaves.empty());
    }
  }
  EXPECT_EQ(DatabaseRecord::decode(database.encode()), database);
  for (std::size_t size = 0; size < database.encode().size(); ++size) {
    EXPECT_FALSE(DatabaseRecord::decode(database.encode().substr(0, size)));
  }
}

/// While it lives, the disk is full.
class FullDisk {
 public:
  FullDisk() { disk_is_full = true; }
  ~FullDisk() { disk_is_full = false; }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
};

TEST_F(ScopeIndexFilesTest, OnAFullDiskNothingIsHalfWritten) {
  fold({tenants("a", "x", {"1-a"})});
  const std::vector<FoldedDocument> more = {tenants("a", "x", {"2-b"}), tenants("a", "y", {"1-a"})};
  {
    FullDisk full;
    EXPECT_EQ(index().fold("db", more, "2", true).error().code, Errc::unavailable);
    EXPECT_EQ(index().fold("db", more, "2", true).error().code, Errc::unavailable);
    EXPECT_EQ(index().purge("db", "a", {"x"}).error().code, Errc::unavailable);
    EXPECT_EQ(index().begin("db", "2").error().code, Errc::unavailable);
    EXPECT_THAT(rows(kA), ElementsAre("1:x"));
    EXPECT_EQ((*index().state("db"))->since, "1");
    EXPECT_EQ((*index().state("db"))->incarnation, "1");
  }
  // RocksDB looks every second whether there is room again.
  Result<Folded> folded = index().fold("db", more, "2", true);
  for (; !folded; folded = index().fold("db", more, "2", true)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_THAT(folded->ids, ElementsAre("x", "y"));
  EXPECT_THAT(rows(kA), ElementsAre("2:x", "3:y"));
  crash();
  open();
  EXPECT_EQ((*index().state("db"))->since, "2");
  EXPECT_THAT(rows(kA), ElementsAre("2:x", "3:y"));
}

}  // namespace
}  // namespace mycouch::store::couch
