#include "app/part_hash.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "app/canonical_json.h"
#include "base/varint.h"
#include "doc/document.h"

namespace mycouch::app {
namespace {

constexpr std::size_t kDocumentsOfPage = 500;

void add(base::Sha256& sum, const base::Sha256& hash) {
  unsigned carry = 0;
  for (std::size_t i = sum.size(); i-- > 0;) {
    carry += unsigned{sum[i]} + hash[i];
    sum[i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
}

void append_attachment(std::string& text, const doc::Attachment& attachment) {
  base::append_sized(text, attachment.name);
  base::append_sized(text, attachment.content_type);
  base::append_varint(text, attachment.length);
  text += base::as_text(attachment.digest);
}

// What is hashed of one leaf.
std::string text_of(const doc::Document& document) {
  std::string text;
  base::append_sized(text, document.revision.text());
  text += document.deleted ? 'd' : 'l';
  base::append_sized(text, canonical_json(document.body));
  std::vector<const doc::Attachment*> attachments;
  attachments.reserve(document.attachments.size());
  for (const doc::Attachment& attachment : document.attachments) attachments.push_back(&attachment);
  std::ranges::sort(attachments, {},
                    [](const doc::Attachment* each) -> const std::string& { return each->name; });
  base::append_varint(text, attachments.size());
  for (const doc::Attachment* attachment : attachments) append_attachment(text, *attachment);
  return text;
}

class PartReader {
 public:
  PartReader(OnDocumentHash on_document) : on_document_(std::move(on_document)) {}

  Task<void> read_documents(store::Database& database) {
    for (std::uint64_t since = 0;;) {
      MYCOUCH_CO_TRY(store::ChangesPage page,
                     co_await database.changes({.since = since, .limit = kDocumentsOfPage}));
      since = page.last_seq;
      MYCOUCH_CO_CHECK(co_await read_leaves(database, page.rows));
      if (page.at_end) co_return Result<void>();
    }
  }

  Task<void> read_local_documents(store::Database& database) {
    MYCOUCH_CO_TRY(const std::vector<store::LocalRow> rows, co_await all_local_documents(database));
    for (const store::LocalRow& row : rows) {
      if (row.id == kCopyCheckpoint) continue;
      ++hash_.local_documents;
      take("_local/" + row.id, canonical_json(row.document.body));
    }
    co_return Result<void>();
  }

  PartHash hash() const { return hash_; }

 private:
  Task<void> read_leaves(store::Database& database, const std::vector<store::ChangeRow>& rows) {
    std::vector<store::RevisionRequest> asked;
    std::vector<std::size_t> row_of;  // of each that is asked for
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (const doc::Revision& leaf : rows[i].leaves) {
        asked.push_back({rows[i].id, leaf});
        row_of.push_back(i);
      }
    }
    std::vector<std::vector<std::string>> leaves(rows.size());
    for (std::size_t read = 0; read < asked.size();) {
      std::vector<store::RevisionRequest> rest(asked.begin() + static_cast<std::ptrdiff_t>(read),
                                               asked.end());
      MYCOUCH_CO_TRY(const auto answers, co_await database.read_many(std::move(rest), {.rev = {}}));
      for (const std::vector<store::OpenRevision>& answer : answers) {
        for (const store::OpenRevision& opened : answer) {
          // One that is not there counts as such: the other side has it, or has not.
          leaves[row_of[read]].push_back(opened.document ? text_of(*opened.document)
                                                         : opened.revision.text());
        }
        ++read;
      }
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::ranges::sort(leaves[i]);
      std::string text;
      for (const std::string& leaf : leaves[i]) base::append_sized(text, leaf);
      ++hash_.documents;
      take(rows[i].id, text);
    }
    co_return Result<void>();
  }

  void take(const std::string& id, std::string_view content) {
    std::string text;
    base::append_sized(text, id);
    text += content;
    const base::Sha256 hash = base::sha256(text);
    add(hash_.sum, hash);
    on_document_(id, hash);
  }

  const OnDocumentHash on_document_;
  PartHash hash_;
};

}  // namespace

Task<PartHash> hash_part(store::Store& store, std::string database, StorePart part, bool is_system_database,
                         OnDocumentHash on_document) {
  PartReader reader(std::move(on_document));
  if (part.documents) {
    MYCOUCH_CO_TRY(auto documents, co_await open_documents(store, database, part.name));
    MYCOUCH_CO_CHECK(co_await reader.read_documents(*documents));
  }
  MYCOUCH_CO_TRY(auto local, co_await open_local_documents(store, database, part.name, is_system_database));
  MYCOUCH_CO_CHECK(co_await reader.read_local_documents(*local));
  co_return reader.hash();
}

Task<LogHash> hash_log(store::Store& store, std::string log, store::LogPosition first,
                       store::LogPosition last) {
  base::Sha256Stream stream;
  LogHash hash;
  store::LogQuery query{.log = std::move(log), .from = first.time};
  for (bool at_end = false; !at_end;) {
    MYCOUCH_CO_TRY(const store::LogPage page, co_await store.read_log(query));
    for (const store::LogEntry& entry : page.entries) {
      if (entry.position < first) continue;
      if (entry.position > last) break;
      std::string text;
      base::append_varint(text, static_cast<std::uint64_t>(entry.position.time.time_since_epoch().count()));
      base::append_varint(text, entry.position.number);
      base::append_sized(text, entry.text);
      base::append_varint(text, entry.topics.size());
      for (const std::string& topic : entry.topics) base::append_sized(text, topic);
      stream.update(text);
      ++hash.records;
    }
    at_end = !page.next || *page.next >= last;
    query.after = page.next;
  }
  hash.hash = stream.finish();
  co_return hash;
}

}  // namespace mycouch::app
