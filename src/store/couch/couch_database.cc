#include "store/couch/couch_database.h"

#include <algorithm>
#include <utility>

#include "json/writer.h"
#include "store/couch/contents.h"
#include "store/couch/document_reads.h"
#include "store/couch/document_writes.h"
#include "store/couch/index_queries.h"
#include "store/couch/ranges.h"

namespace mycouch::store::couch {
namespace {

// How long a feed waits for an index that is being made, before its rows come from upstream.
constexpr std::chrono::seconds kIndexPatience{3};
// What a database answers without an index: so many documents are counted.
constexpr std::size_t kMostCounted = 100'000;

class CouchDatabase final : public Database {
 public:
  explicit CouchDatabase(Site site) : site_(std::move(site)) {}

  Task<DatabaseInfo> info() override {
    MYCOUCH_CO_TRY(const bool ready, co_await index_ready());
    DatabaseInfo info{.name = site_.database(), .epoch = {}};
    if (!ready) {
      MYCOUCH_CO_TRY(const std::vector<AllDocsRow> rows, co_await cold_rows(0, kMostCounted));
      info.epoch = cold_epoch();
      info.update_seq = info.doc_count = rows.size();
      co_return info;
    }
    MYCOUCH_CO_TRY(info.epoch, site_.core->index->epoch(site_.database(), site_.scope()));
    MYCOUCH_CO_TRY(const ScopeCounts counts, site_.core->index->counts(site_.database(), site_.scope()));
    info.update_seq = counts.update_seq;
    info.doc_count = counts.doc_count;
    info.doc_del_count = counts.doc_del_count;
    if (is_whole()) MYCOUCH_CO_CHECK(co_await describe_whole(info));
    co_return info;
  }

  Task<doc::Document> read(std::string id, ReadOptions options) override {
    return read_one(site_, std::move(id), std::move(options));
  }
  Task<std::vector<OpenRevision>> read_all_leaves(std::string id, ReadOptions options) override {
    return read_leaves(site_, std::move(id), std::move(options));
  }
  Task<std::vector<OpenRevision>> read_revisions(std::string id, std::vector<doc::Revision> revisions,
                                                 ReadOptions options) override {
    return read_some(site_, std::move(id), std::move(revisions), std::move(options));
  }
  Task<std::vector<std::vector<OpenRevision>>> read_many(std::vector<RevisionRequest> requests,
                                                         ReadOptions options) override {
    return read_requests(site_, std::move(requests), std::move(options));
  }
  Task<std::vector<RevisionsDiff>> revs_diff(
      std::vector<std::pair<std::string, std::vector<doc::Revision>>> asked) override {
    return diff_revisions(site_, std::move(asked));
  }

  Task<std::vector<WriteOutcome>> write(std::vector<doc::Edit> edits, WriteOptions options) override {
    return write_edits(site_, std::move(edits), options);
  }

  Task<ChangesPage> changes(ChangesQuery query) override {
    MYCOUCH_CO_TRY(const bool ready, co_await index_ready());
    if (!ready) co_return co_await cold_changes(query);
    co_return site_.core->index->changes(site_.database(), site_.scope(), query);
  }
  Task<std::uint64_t> pending(std::uint64_t seq) override {
    MYCOUCH_CO_TRY(const bool ready, co_await index_ready());
    if (!ready) co_return 0;
    co_return site_.core->index->pending(site_.database(), site_.scope(), seq);
  }
  Subscription subscribe(std::shared_ptr<base::Waiter> waiter) override {
    site_.follower->start();
    return site_.core->notifier->subscribe(notifier_key(site_.database(), site_.scope()), std::move(waiter));
  }

  Task<AllDocsPage> all_docs(AllDocsQuery query) override { return read_range(site_, std::move(query)); }
  Task<std::vector<std::optional<AllDocsRow>>> all_docs_by_id(std::vector<std::string> ids,
                                                              AllDocsQuery query) override {
    return read_keys(site_, std::move(ids), std::move(query));
  }

  Task<std::vector<Index>> indexes() override { return read_indexes(site_); }
  Task<IndexPage> query_index(IndexQuery query) override { return read_index_page(site_, std::move(query)); }

  Task<LocalDocument> read_local(std::string id) override { return couch::read_local(site_, std::move(id)); }
  Task<void> write_local(std::string id, LocalDocument document) override {
    return couch::write_local(site_, std::move(id), std::move(document));
  }
  Task<void> remove_local(std::string id) override { return couch::remove_local(site_, std::move(id)); }
  Task<LocalPage> local_docs(AllDocsQuery query) override {
    return read_local_range(site_, std::move(query));
  }

  Task<AttachmentContent> read_attachment(std::string id, std::optional<doc::Revision> rev,
                                          std::string name) override {
    MYCOUCH_CO_TRY(doc::Document document, co_await read(std::move(id), {.rev = std::move(rev)}));
    const auto attachment = std::ranges::find(document.attachments, name, &doc::Attachment::name);
    if (attachment == document.attachments.end()) {
      co_return fail(Errc::not_found, "Document is missing attachment");
    }
    MYCOUCH_CO_TRY(auto content, co_await open_content(*attachment));
    co_return AttachmentContent{.attachment = std::move(*attachment),
                                .revision = std::move(document.revision),
                                .content = std::move(content)};
  }
  Task<std::unique_ptr<AttachmentReader>> open_content(doc::Attachment attachment) override {
    const ContentOrigin origin = parse_origin(attachment.origin);
    QueryText query;
    query.add("rev", origin.rev);
    std::string target = attachment_path(site_.upstream, origin.id, attachment.name) + query.text();
    co_return co_await open_content_reader(site_.core->upstream, std::move(target), std::move(attachment));
  }
  Task<std::unique_ptr<AttachmentWriter>> take_content(NewContent about) override {
    co_return make_content_writer(site_.core->pool, site_.core->spool_directory, std::move(about));
  }

  Task<void> purge(std::vector<std::string> ids) override { return purge_documents(site_, std::move(ids)); }
  Task<std::vector<std::vector<doc::Revision>>> purge_revisions(std::vector<PurgeRequest> requests) override {
    return purge_leaves(site_, std::move(requests));
  }

  Task<DatabaseSettings> settings() override {
    DatabaseSettings settings;
    MYCOUCH_CO_TRY(settings.revs_limit, co_await number("/_revs_limit"));
    MYCOUCH_CO_TRY(settings.purged_infos_limit, co_await number("/_purged_infos_limit"));
    MYCOUCH_CO_TRY(const http::Response security,
                   co_await site_.send({.target = site_.path() + "/_security"}));
    MYCOUCH_CO_CHECK(check_answer(security));
    settings.security = security.body.substr(0, security.body.find_last_not_of("\r\n") + 1);
    co_return settings;
  }
  Task<void> change_settings(SettingsChange change) override {
    if (change.revs_limit) MYCOUCH_CO_CHECK(co_await set("/_revs_limit", std::to_string(*change.revs_limit)));
    if (change.purged_infos_limit) {
      MYCOUCH_CO_CHECK(co_await set("/_purged_infos_limit", std::to_string(*change.purged_infos_limit)));
    }
    if (change.security) MYCOUCH_CO_CHECK(co_await set("/_security", *std::move(change.security)));
    co_return Result<void>();
  }

  // CouchDB compacts all tenants of a database at once, as it is configured to or the administrator asks for.
  Task<void> compact() override {
    if (!is_whole()) co_return Result<void>();
    MYCOUCH_CO_TRY(const http::Response answer, co_await site_.post(site_.path() + "/_compact", "{}"));
    co_return check_answer(answer);
  }

 private:
  bool is_whole() const { return site_.confinement.partition.empty() && !site_.partial(); }

  // What upstream tells of a database is of all tenants together.
  Task<void> describe_whole(DatabaseInfo& info) {
    MYCOUCH_CO_TRY(const http::Response answer, co_await site_.send({.target = site_.path()}));
    MYCOUCH_CO_CHECK(check_answer(answer));
    const auto value = json::parse(answer.body);
    const json::Object* described = value ? value->as_object() : nullptr;
    if (described == nullptr) co_return not_couchdb("a database that is described without JSON");
    const json::Value* compacts = described->find("compact_running");
    info.compact_running = compacts != nullptr && *compacts == json::Value(true);
    const json::Value* sizes = described->find("sizes");
    const json::Value* active =
        sizes != nullptr && sizes->as_object() != nullptr ? sizes->as_object()->find("active") : nullptr;
    if (active != nullptr) info.active_size = static_cast<std::uint64_t>(active->as_int().value_or(0));
    co_return Result<void>();
  }

  // The system database's readers would miss what they may not: they wait longer, and then are told.
  Task<bool> index_ready() {
    constexpr std::chrono::seconds kRuledPatience{10};
    const bool needed = site_.partial() || site_.follower->has_rule();
    MYCOUCH_CO_TRY(const bool ready, co_await site_.index_ready(needed ? kRuledPatience : kIndexPatience));
    if (!ready && needed) co_return fail(Errc::unavailable, "the index of the system database is being made");
    // Who was made a member through another gateway is one here at once.
    if (site_.partial()) MYCOUCH_CO_CHECK(co_await site_.follower->come_level());
    co_return ready;
  }

  // While the index is made, a feed is the documents as they are, in the order of their ids, under an epoch
  // of its own. Deletions are not among them; once the index is there, its readers begin at the start of it.
  std::string cold_epoch() const { return "cold" + site_.core->uuid.substr(0, 8); }

  Task<std::vector<AllDocsRow>> cold_rows(std::uint64_t skip, std::size_t most) {
    std::vector<AllDocsRow> rows;
    AllDocsQuery query{.start = {}, .end = {}, .skip = skip, .limit = most};
    while (rows.size() < most) {
      query.limit = most - rows.size();
      MYCOUCH_CO_TRY(AllDocsPage page, co_await read_range(site_, query));
      std::ranges::move(page.rows, std::back_inserter(rows));
      if (page.at_end || page.rows.empty()) break;
      query.start = rows.back().id + '\0';
      query.skip = 0;
    }
    co_return rows;
  }

  Task<ChangesPage> cold_changes(ChangesQuery query) {
    ChangesPage page{.rows = {}, .at_end = true, .last_seq = query.since};
    if (query.descending) co_return page;
    MYCOUCH_CO_TRY(const std::vector<AllDocsRow> rows, co_await cold_rows(query.since, query.limit));
    for (const AllDocsRow& row : rows) {
      page.rows.push_back({.seq = ++page.last_seq, .id = row.id, .deleted = false, .leaves = {row.revision}});
    }
    page.at_end = rows.size() < query.limit;
    co_return page;
  }

  Task<std::uint32_t> number(std::string_view of) {
    MYCOUCH_CO_TRY(const http::Response answer, co_await site_.send({.target = site_.path().append(of)}));
    MYCOUCH_CO_CHECK(check_answer(answer));
    const auto value = json::parse(answer.body);
    const auto n = value ? value->as_int() : std::nullopt;
    if (!n || *n < 0 || *n > UINT32_MAX) co_return not_couchdb("a limit that is no number");
    co_return static_cast<std::uint32_t>(*n);
  }

  Task<void> set(std::string_view what, std::string value) {
    http::UpstreamRequest request{
        .method = http::Method::put, .target = site_.path().append(what), .body = std::move(value)};
    request.headers.add("Content-Type", "application/json");
    request.repeatable = true;
    MYCOUCH_CO_TRY(const http::Response answer, co_await site_.send(std::move(request)));
    co_return check_answer(answer);
  }

  Site site_;
};

}  // namespace

std::unique_ptr<Database> open_database(std::shared_ptr<CouchCore> core, std::shared_ptr<Follower> follower,
                                        Confinement confinement) {
  std::string upstream = core->upstream_name(follower->database());
  return std::make_unique<CouchDatabase>(Site{.core = std::move(core),
                                              .follower = std::move(follower),
                                              .upstream = std::move(upstream),
                                              .confinement = std::move(confinement)});
}

}  // namespace mycouch::store::couch
