#include "sync/all_docs.h"

#include <algorithm>
#include <limits>

#include "json/writer.h"
#include "sync/sequence.h"

namespace mycouch::sync {
namespace {

constexpr std::size_t kPageRows = 1000;

class AllDocs {
 public:
  AllDocs(store::Database& database, AllDocsOptions options, Output& output)
      : database_(database),
        options_(std::move(options)),
        output_(output),
        remaining_(options_.limit.value_or(std::numeric_limits<std::uint64_t>::max())) {}

  Task<void> run() {
    MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await database_.info());
    append_head(info);
    if (options_.keys) {
      MYCOUCH_CO_CHECK(co_await send_keys());
    } else if (auto range = range_query()) {
      MYCOUCH_CO_CHECK(co_await send_range(*std::move(range)));
    }
    output_.text() += "\n]}\n";
    co_return Result<void>{};
  }

 private:
  void append_head(const store::DatabaseInfo& info) {
    std::string& out = output_.text();
    out += R"({"total_rows":)";
    json::append_number(out, info.doc_count);
    out += R"(,"offset":)";
    if (options_.keys || options_.start) {
      out += "null";
    } else {
      json::append_number(out, std::min(options_.skip, info.doc_count));
    }
    if (options_.update_seq) {
      out += R"(,"update_seq":)";
      append_sequence(out, info.update_seq, info.epoch);
    }
    out += ",\"rows\":[\n";
  }

  store::AllDocsQuery query() const {
    store::AllDocsQuery query;
    query.descending = options_.descending;
    query.include_docs = options_.include_docs;
    query.read.conflicts = options_.conflicts;
    if (options_.attachments) query.read.attachments = doc::AttachmentForm::inline_data;
    return query;
  }

  // Nothing: no id lies within the range.
  std::optional<store::AllDocsQuery> range_query() const {
    store::AllDocsQuery result = query();
    result.inclusive_end = options_.inclusive_end;
    result.skip = options_.skip;
    if (options_.start) {
      if (const std::string* id = options_.start->as_string()) {
        result.start = *id;
      } else if (options_.descending) {
        return std::nullopt;
      }
    }
    if (options_.end) {
      if (const std::string* id = options_.end->as_string()) {
        result.end = *id;
      } else if (!options_.descending) {
        return std::nullopt;
      }
    }
    return result;
  }

  Task<void> send_range(store::AllDocsQuery query) {
    // A page begins with the last row of the one before, which is left out.
    bool repeats_last = false;
    for (bool at_end = false; !at_end && remaining_ > 0;) {
      query.limit = std::min<std::uint64_t>(kPageRows, remaining_) + (repeats_last ? 1 : 0);
      MYCOUCH_CO_TRY(store::AllDocsPage page, co_await database_.all_docs(query));
      at_end = page.at_end || page.rows.empty();
      for (store::AllDocsRow& row : page.rows) {
        if (repeats_last && row.id == query.start) continue;
        append(row.id, &row);
        if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
      }
      if (!page.rows.empty()) query.start = page.rows.back().id;
      query.skip = 0;
      repeats_last = true;
    }
    co_return Result<void>{};
  }

  Task<void> send_keys() {
    json::Array& keys = *options_.keys;
    if (options_.descending) std::ranges::reverse(keys);
    std::size_t begin = std::min<std::uint64_t>(options_.skip, keys.size());
    std::size_t last = begin + std::min<std::uint64_t>(remaining_, keys.size() - begin);
    while (begin < last) {
      std::size_t end = std::min(begin + kBatch, last);
      std::vector<std::string> ids;
      for (std::size_t i = begin; i < end; ++i) {
        if (const std::string* id = keys[i].as_string()) ids.push_back(*id);
      }
      MYCOUCH_CO_TRY(auto found, co_await database_.all_docs_by_id(std::move(ids), query()));
      auto next_found = found.begin();
      for (; begin < end; ++begin) {
        bool is_id = keys[begin].as_string() != nullptr;
        if (is_id && next_found == found.end()) break;
        store::AllDocsRow* row = is_id && *next_found ? &**next_found : nullptr;
        if (is_id) ++next_found;
        append(keys[begin], row);
        if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
      }
    }
    co_return Result<void>{};
  }

  void append(const json::Value& key, const store::AllDocsRow* row) {
    std::string& out = output_.text();
    if (sent_++ > 0) out += ",\n";
    --remaining_;
    if (!row) {
      out += R"({"key":)";
      json::append_value(out, key);
      out += R"(,"error":"not_found"})";
      return;
    }
    out += R"({"id":)";
    json::append_string(out, row->id);
    out += R"(,"key":)";
    json::append_string(out, row->id);
    out += R"(,"value":{"rev":)";
    json::append_string(out, row->revision.text());
    out += row->deleted ? R"(,"deleted":true})" : "}";
    if (options_.include_docs) append_document(*row);
    out += '}';
  }

  void append_document(const store::AllDocsRow& row) {
    std::string& out = output_.text();
    out += R"(,"doc":)";
    if (row.document && !row.deleted) {
      output_.expect_contents(database_, *row.document);
      doc::append_json(out, *row.document);
    } else {
      out += "null";
    }
  }

  store::Database& database_;
  AllDocsOptions options_;
  Output& output_;
  std::uint64_t remaining_;
  std::uint64_t sent_ = 0;
};

}  // namespace

Task<void> all_docs(store::Database& database, AllDocsOptions options, Output& output) {
  AllDocs answer(database, std::move(options), output);
  co_return co_await answer.run();
}

}  // namespace mycouch::sync
