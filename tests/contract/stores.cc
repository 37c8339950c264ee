#include "contract/stores.h"

#include <rocksdb/db.h>
#include <unistd.h>

#include "base/random.h"
#include "store/rocks/engine.h"

namespace mycouch::store::testing {

StoreUnderTest::StoreUnderTest(std::string kind) : kind_(std::move(kind)) {
  folder_ = std::filesystem::temp_directory_path() / ("mycouch-contract-" + base::random_uuid());
  std::filesystem::create_directories(folder_);
  open();
}

StoreUnderTest::~StoreUnderTest() {
  store_->close();
  pool_->join();
  store_.reset();
  upstream_.reset();
  std::filesystem::remove_all(folder_);
}

void StoreUnderTest::open() {
  pool_ = std::make_unique<base::Pool>(2);
  auto opened = is_embedded() ? open_engine() : open_couch();
  if (!opened) throw std::runtime_error(opened.error().reason);
  store_ = *std::move(opened);
}

Result<std::unique_ptr<Store>> StoreUnderTest::open_couch() {
  if (!upstream_) upstream_ = std::make_unique<UpstreamServer>(kind_, folder_);
  couch::CouchOptions options{.address = upstream_->address(),
                              .index_directory = (folder_ / "index").string(),
                              .name_prefix = upstream_->name_prefix(),
                              .is_partitioned = [](const std::string& name) { return name != "system"; }};
  options.clock = &clock_;
  return couch::open(std::move(options), *pool_);
}

Result<std::unique_ptr<Store>> StoreUnderTest::open_engine() {
  rocks::EngineOptions options;
  options.directory = kind_ == "memory" ? "" : (folder_ / "data").string();
  options.clock = &clock_;
  return rocks::open(options, *pool_);
}

std::vector<std::string> kinds() {
  std::vector<std::string> all{"memory", "rocksdb", "couch"};
  if (std::getenv("MYCOUCH_TEST_COUCHDB_URL") != nullptr) all.emplace_back("couchdb");
  return all;
}

void StoreUnderTest::reopen() {
  store_->close();
  pool_->join();
  store_.reset();
  open();
}

Result<std::unique_ptr<Store>> StoreUnderTest::open_to_read() {
  return rocks::open({.directory = (folder_ / "data").string(), .read_only = true, .clock = &clock_}, *pool_);
}

std::unique_ptr<Database> StoreUnderTest::view(std::string name, std::string partition, std::string scope) {
  auto opened = run(store_->open(std::move(name), {std::move(partition), std::move(scope)}));
  if (!opened) throw std::runtime_error(opened.error().reason);
  return *std::move(opened);
}

std::set<std::string> StoreUnderTest::files(const std::string& ending) const {
  std::set<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(folder_ / "data")) {
    const std::string name = file.path().filename().string();
    if (name.ends_with(ending)) names.insert(name);
  }
  return names;
}

std::size_t StoreUnderTest::rows_of(const std::string& family) const {
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {{rocksdb::kDefaultColumnFamilyName, {}},
                                                           {family, {}}};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status = rocksdb::DB::OpenForReadOnly(rocksdb::DBOptions(), (folder_ / "data").string(),
                                                        families, &handles, &opened);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  std::unique_ptr<rocksdb::DB> db(opened);
  std::size_t count = 0;
  {
    std::unique_ptr<rocksdb::Iterator> rows(db->NewIterator(rocksdb::ReadOptions(), handles.back()));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) ++count;
  }
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return count;
}

doc::Revision revision(const std::string& text) {
  auto parsed = doc::parse_revision(text);
  if (!parsed) throw std::runtime_error(parsed.error().reason);
  return *std::move(parsed);
}

WriteOutcome StoreContractTest::put(Database& database, std::string id, std::string body,
                                    std::optional<std::string> parent, bool deleted) {
  doc::Edit edit;
  edit.id = std::move(id);
  edit.body = std::move(body);
  edit.deleted = deleted;
  if (parent) edit.parent = revision(*parent);
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  auto written = run(database.write(std::move(edits), {}));
  if (!written) throw std::runtime_error(written.error().reason);
  // Each write is one change then, where the changes come by later and several may come as one.
  if (!under_test.is_embedded()) (void)run(database.info());
  return written->front();
}

WriteOutcome StoreContractTest::replicate(Database& database, std::string id, std::string body,
                                          std::vector<std::string> path, bool deleted) {
  doc::Edit edit;
  edit.id = std::move(id);
  edit.body = std::move(body);
  edit.deleted = deleted;
  edit.path.generation = revision(path.front()).generation;
  for (const std::string& text : path) edit.path.hashes.push_back(revision(text).hash);
  std::vector<doc::Edit> edits;
  edits.push_back(std::move(edit));
  auto written = run(database.write(std::move(edits), {.new_edits = false}));
  if (!written) throw std::runtime_error(written.error().reason);
  // Each write is one change then, where the changes come by later and several may come as one.
  if (!under_test.is_embedded()) (void)run(database.info());
  return written->front();
}

std::string StoreContractTest::body_of(Database& database, const std::string& id) {
  auto document = run(database.read(id, {}));
  return document ? document->body : document.error().reason;
}

std::string StoreContractTest::read_all(AttachmentReader& reader) {
  std::string all;
  for (;;) {
    auto piece = run(reader.read(all.size(), 70'001));
    if (!piece) return piece.error().reason;
    if (piece->empty()) return all;
    all += *piece;
  }
}

std::string StoreContractTest::content_of(Database& database, const std::string& id,
                                          const std::string& name) {
  auto found = run(database.read_attachment(id, {}, name));
  return found ? read_all(*found->content) : found.error().reason;
}

std::vector<std::string> StoreContractTest::change_ids(Database& database, std::uint64_t since) {
  ChangesQuery query;
  query.since = since;
  auto page = run(database.changes(query));
  if (!page) throw std::runtime_error(page.error().reason);
  std::vector<std::string> ids;
  for (const ChangeRow& row : page->rows) ids.push_back(row.deleted ? "-" + row.id : row.id);
  return ids;
}

INSTANTIATE_TEST_SUITE_P(EveryStore, StoreContractTest, ::testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param; });

}  // namespace mycouch::store::testing
