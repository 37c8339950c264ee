#include "store/couch/couch_store.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <fmt/format.h>

#include "base/encoding.h"
#include "base/random.h"
#include "http/client.h"
#include "json/value.h"
#include "json/writer.h"
#include "store/couch/couch_database.h"
#include "store/couch/couch_logs.h"
#include "store/couch/follower.h"
#include "store/couch/journal.h"
#include "store/couch/ranges.h"
#include "store/couch/wire.h"

namespace mycouch::store::couch {
namespace {

// How long an index may take that is asked for as a whole.
constexpr std::chrono::hours kIndexing{12};
constexpr std::int64_t kLayout = 1;  // of what lies upstream; names.h
constexpr std::string_view kStoreDocument = "store";
// Of the journal, which is written all the time and has no history worth keeping.
constexpr std::string_view kRevsLimit = "20";

struct Version {
  int major = 0;
  int minor = 0;
};

Version version_of(std::string_view text) {
  Version version;
  const auto major = std::from_chars(text.data(), text.data() + text.size(), version.major);
  if (major.ptr != text.data() + text.size())
    std::from_chars(major.ptr + 1, text.data() + text.size(), version.minor);
  return version;
}

http::UpstreamRequest put(std::string target, std::string body) {
  http::UpstreamRequest request{
      .method = http::Method::put, .target = std::move(target), .body = std::move(body)};
  request.headers.add("Content-Type", "application/json");
  return request;
}

// A CouchDB of 3.2 or later, or another server that speaks as one.
Task<void> check_server(CouchCore& core) {
  MYCOUCH_CO_TRY(const http::Response answer, co_await core.upstream.send({.target = "/"}));
  MYCOUCH_CO_CHECK(check_answer(answer));
  const auto value = json::parse(answer.body);
  const json::Object* welcome = value ? value->as_object() : nullptr;
  if (welcome == nullptr || !welcome->contains("couchdb"))
    co_return not_couchdb("it does not say what it is");
  const json::Value* vendor = welcome->find("vendor");
  const bool is_couchdb = vendor != nullptr && vendor->as_object() != nullptr &&
                          vendor->as_object()->string("name") == "The Apache Software Foundation";
  const std::string text(welcome->string("version").value_or(""));
  const Version version = version_of(text);
  if (is_couchdb && (version.major < 3 || (version.major == 3 && version.minor < 2))) {
    co_return fail(Errc::unavailable, fmt::format("CouchDB {} is too old: 3.2 or later is needed", text));
  }
  co_return Result<void>();
}

// The store's identity, which whoever comes first makes.
Task<std::string> read_identity(CouchCore& core) {
  const std::string target = document_path(core.meta_database, kStoreDocument);
  for (;;) {
    MYCOUCH_CO_TRY(const http::Response answer, co_await core.upstream.send({.target = target}));
    if (answer.status == 404) {
      json::Object document{{"layout", kLayout}, {"uuid", base::random_uuid()}};
      MYCOUCH_CO_TRY(const http::Response made,
                     co_await core.upstream.send(put(target, json::write(document))));
      if (made.status != 409) MYCOUCH_CO_CHECK(check_answer(made));
      continue;
    }
    MYCOUCH_CO_CHECK(check_answer(answer));
    const auto value = json::parse(answer.body);
    const json::Object* document = value ? value->as_object() : nullptr;
    const json::Value* layout = document != nullptr ? document->find("layout") : nullptr;
    const auto uuid = document != nullptr ? document->string("uuid") : std::nullopt;
    if (layout == nullptr || layout->as_int() != kLayout || !uuid) {
      co_return fail(Errc::unavailable,
                     fmt::format("the database {} is not of this version of mycouch", core.meta_database));
    }
    co_return std::string(*uuid);
  }
}

Task<void> prepare(CouchCore& core) {
  MYCOUCH_CO_CHECK(co_await check_server(core));
  const std::string meta = database_path(core.meta_database);
  MYCOUCH_CO_TRY(const http::Response made, co_await core.upstream.send(put(meta, "")));
  const bool there = made.status == 412;
  if (!there) {
    MYCOUCH_CO_CHECK(check_answer(made));
    MYCOUCH_CO_TRY(const http::Response limited,
                   co_await core.upstream.send(put(meta + "/_revs_limit", std::string(kRevsLimit))));
    MYCOUCH_CO_CHECK(check_answer(limited));
  }
  MYCOUCH_CO_TRY(core.uuid, co_await read_identity(core));
  core.journal->start();
  co_return Result<void>();
}

class CouchStore final : public Store {
 public:
  explicit CouchStore(std::shared_ptr<CouchCore> core) : core_(std::move(core)) {}
  ~CouchStore() override { end(); }

  Result<void> health() const override {
    // Where the hosts are is nobody's business; the log has it.
    const bool up = std::ranges::any_of(core_->upstream.health(), &http::HostHealth::up);
    if (!up) return fail(Errc::unavailable, "the store cannot be reached");
    return {};
  }
  std::string uuid() const override { return core_->uuid; }

  Task<void> create(std::string name) override {
    MYCOUCH_CO_CHECK(check_database_name(name));
    MYCOUCH_CO_TRY(const http::Response answer,
                   co_await core_->upstream.send(put(database_path(core_->upstream_name(name)), "")));
    if (answer.status == 412) {
      co_return fail(Errc::file_exists, "The database could not be created, the file already exists.");
    }
    MYCOUCH_CO_CHECK(check_answer(answer));
    core_->follower_of(name);
    co_return Result<void>();
  }

  Task<void> remove(std::string name) override {
    http::UpstreamRequest request{.method = http::Method::delete_,
                                  .target = database_path(core_->upstream_name(name))};
    MYCOUCH_CO_TRY(const http::Response answer, co_await core_->upstream.send(std::move(request)));
    if (answer.status == 404) co_return fail(Errc::not_found, "Database does not exist.");
    MYCOUCH_CO_CHECK(check_answer(answer));
    core_->end_database(name);
    co_return Result<void>();
  }

  Task<std::vector<std::string>> list() override {
    MYCOUCH_CO_TRY(const http::Response answer, co_await core_->upstream.send({.target = "/_all_dbs"}));
    MYCOUCH_CO_CHECK(check_answer(answer));
    const auto value = json::parse(answer.body);
    const json::Array* names = value ? value->as_array() : nullptr;
    if (names == nullptr) co_return not_couchdb("_all_dbs has an unknown form");
    std::vector<std::string> listed;
    for (const json::Value& name : *names) {
      const std::string* text = name.as_string();
      if (text == nullptr || *text == core_->meta_database || !text->starts_with(core_->name_prefix))
        continue;
      listed.push_back(text->substr(core_->name_prefix.size()));
    }
    co_return listed;
  }

  Task<std::unique_ptr<Database>> open(std::string name, Confinement confinement) override {
    if (!core_->knows(name)) {
      if (!check_database_name(name)) co_return fail(Errc::not_found, "Database does not exist.");
      http::UpstreamRequest request{.target = database_path(core_->upstream_name(name))};
      MYCOUCH_CO_TRY(const http::Response answer, co_await core_->upstream.send(std::move(request)));
      if (answer.status == 404) co_return fail(Errc::not_found, "Database does not exist.");
      MYCOUCH_CO_CHECK(check_answer(answer));
    }
    auto follower = core_->follower_of(name);
    if (follower->layout() == Layout::plain && !confinement.partition.empty()) {
      co_return fail(Errc::internal, "a database without tenants was opened for one");
    }
    co_return open_database(core_, std::move(follower), std::move(confinement));
  }

  // As the index has them, which is made first.
  Task<std::vector<std::string>> partitions(std::string name, std::optional<std::string> after,
                                            std::size_t limit) override {
    MYCOUCH_CO_TRY(const auto database, co_await open(name, {}));
    const auto deadline = std::chrono::steady_clock::now() + kIndexing;
    MYCOUCH_CO_TRY(const bool ready, co_await core_->follower_of(name)->caught_up(deadline));
    if (!ready) co_return fail(Errc::unavailable, "the index of the database is being made");
    co_return core_->index->partitions(name, std::move(after), limit);
  }

  Task<std::vector<std::string>> local_scopes(std::string name, std::optional<std::string> after,
                                              std::size_t limit) override {
    MYCOUCH_CO_TRY(const auto database, co_await open(name, {}));
    co_return co_await read_local_scopes(*core_, std::move(name), std::move(after), limit);
  }

  Task<std::vector<doc::Revision>> write_together(std::vector<DatabaseEdits> parts,
                                                  std::optional<LogRecord> record) override {
    return core_->journal->write(std::move(parts), std::move(record));
  }

  Task<void> append_log(LogRecord record) override { return core_->logs->append(std::move(record)); }
  Task<void> restore_log(std::string log, std::vector<LogEntry> records) override {
    return core_->logs->restore(std::move(log), std::move(records));
  }
  Task<LogPage> read_log(LogQuery query) override { return core_->logs->read(std::move(query)); }
  Task<std::uint64_t> expire_log(std::string log, base::WallTime before) override {
    return core_->logs->expire(std::move(log), before);
  }

  void set_scope_rule(std::string name, ScopeRule rule) override {
    core_->change_rules(name, [&rule](DatabaseRules& rules) { rules.scopes = std::move(rule); });
  }
  void keep_for_merging(std::string name) override {
    core_->change_rules(name, [](DatabaseRules& rules) { rules.serialized = true; });
  }
  void observe(std::string name, Observer observer) override {
    core_->change_rules(
        name, [&observer](DatabaseRules& rules) { rules.observers.push_back(std::move(observer)); });
  }

  void stop() override { core_->stop(); }
  void close() override { end(); }

 private:
  void end() {
    core_->stop();
    core_->close();
  }

  std::shared_ptr<CouchCore> core_;
};

Result<void> make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail(Errc::unavailable, fmt::format("{}: {}", path, error.message()));
  return {};
}

}  // namespace

Result<CouchAddress> parse_address(std::string_view url) {
  auto malformed = [](std::string_view what) { return fail(Errc::bad_request, std::string(what)); };
  const std::size_t mark = url.find("://");
  if (mark == std::string_view::npos) return malformed("not an http or https URL");
  const std::string scheme(url.substr(0, mark + 3));
  std::string_view rest = url.substr(mark + 3);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  CouchAddress address;
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view credentials = rest.substr(0, at);
    const std::size_t colon = credentials.find(':');
    const auto user = base::percent_decode(credentials.substr(0, colon));
    const auto password =
        base::percent_decode(colon == std::string_view::npos ? "" : credentials.substr(colon + 1));
    if (!user || !password) return malformed("a bad escape in the URL's user name or password");
    address.authorization = "Basic " + base::to_base64(*user + ":" + *password);
    rest.remove_prefix(at + 1);
  }
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string origin = scheme + std::string(rest.substr(0, comma));
    const auto parsed = http::parse_url(origin);
    if (!parsed) return malformed(parsed.error().reason);
    if (parsed->target != "/")
      return malformed("the URL must end with the host: databases are named by mycouch");
    address.origins.push_back(origin);
    if (comma == rest.size()) return address;
    rest.remove_prefix(comma + 1);
  }
}

Result<std::unique_ptr<Store>> open(CouchOptions options, base::Pool& pool) {
  ScopeIndex::Options index_options;
  std::string spool = std::filesystem::temp_directory_path();
  if (!options.index_directory.empty()) {
    index_options.directory = options.index_directory + "/scopes";
    spool = options.index_directory + "/attachments";
    MYCOUCH_CHECK(make_folder(index_options.directory));
    MYCOUCH_CHECK(make_folder(spool));
  }
  MYCOUCH_TRY(auto index, ScopeIndex::open(std::move(index_options)));
  http::UpstreamOptions upstream{.origins = options.address.origins};
  if (!options.address.authorization.empty())
    upstream.headers.add("Authorization", options.address.authorization);
  auto core = std::make_shared<CouchCore>(std::move(upstream), std::move(index), pool, *options.clock);
  core->name_prefix = std::move(options.name_prefix);
  core->meta_database = core->name_prefix + options.meta_database;
  core->spool_directory = std::move(spool);
  core->is_partitioned =
      options.is_partitioned ? std::move(options.is_partitioned) : [](const std::string&) { return true; };
  core->tenant_field = options.tenant_field ? std::move(options.tenant_field)
                                            : [](const std::string&) { return std::string(); };
  core->journal = std::make_unique<Journal>(*core);
  core->logs = std::make_unique<CouchLogs>(*core);
  auto store = std::make_unique<CouchStore>(core);
  MYCOUCH_CHECK(boost::asio::co_spawn(core->context, prepare(*core), boost::asio::use_future).get());
  return store;
}

}  // namespace mycouch::store::couch
