#include "sync/all_docs.h"

#include <algorithm>
#include <limits>

#include "json/writer.h"
#include "sync/local_document.h"
#include "sync/sequence.h"

namespace mycouch::sync {
namespace {

constexpr std::size_t kPageRows = 1000;
constexpr std::string_view kDesignPrefix = "_design/";
constexpr std::string_view kBehindDesign = "_design0";  // the byte after '/'
constexpr std::string_view kBehindLocal = "_local0";

bool is_of(Listing listing, const json::Value& key) {
  const std::string* id = key.as_string();
  switch (listing) {
    case Listing::all:
      return true;
    case Listing::design:
      return id && id->starts_with(kDesignPrefix);
    case Listing::local:
      return id && id->starts_with(kLocalPrefix);
  }
  return true;
}

// One row, from whatever it was made of.
struct Row {
  std::string id;
  std::string rev;
  bool deleted = false;
  std::optional<doc::Document> document{};
  std::optional<store::LocalDocument> local{};
};

Row row_of(store::AllDocsRow row) {
  return {.id = std::move(row.id),
          .rev = row.revision.text(),
          .deleted = row.deleted,
          .document = std::move(row.document)};
}

Row row_of(std::string id, store::LocalDocument document) {
  return {.id = std::string(kLocalPrefix) + id,
          .rev = "0-" + std::to_string(document.version),
          .local = std::move(document)};
}

struct Page {
  std::vector<Row> rows;
  bool at_end = true;
};

class AllDocs {
 public:
  AllDocs(store::Database& database, Listing listing, AllDocsOptions options, Output& output)
      : database_(database),
        listing_(listing),
        options_(std::move(options)),
        output_(output),
        remaining_(options_.limit.value_or(std::numeric_limits<std::uint64_t>::max())) {}

  Task<void> run() {
    MYCOUCH_CO_CHECK(co_await append_head());
    if (options_.keys) {
      MYCOUCH_CO_CHECK(co_await send_keys());
    } else if (auto range = range_query()) {
      MYCOUCH_CO_CHECK(co_await send_range(*std::move(range)));
    }
    output_.text() += "\n]}";
    co_return Result<void>{};
  }

 private:
  Task<void> append_head() {
    MYCOUCH_CO_TRY(store::DatabaseInfo info, co_await database_.info());
    std::optional<std::uint64_t> total;
    if (listing_ == Listing::all) total = info.doc_count;
    if (listing_ == Listing::design) {
      MYCOUCH_CO_TRY(total, co_await count_design_docs());
    }
    std::optional<std::uint64_t> offset = total;
    if (options_.keys || options_.start) offset.reset();
    if (offset) offset = std::min(*offset, options_.skip);

    std::string& out = output_.text();
    auto append = [&out](std::string_view name, std::optional<std::uint64_t> number) {
      out += name;
      if (number) {
        json::append_number(out, *number);
      } else {
        out += "null";
      }
    };
    append(R"({"total_rows":)", total);
    append(R"(,"offset":)", offset);
    if (options_.update_seq) {
      out += R"(,"update_seq":)";
      if (options_.keys || listing_ == Listing::local) {
        out += "null";
      } else {
        append_sequence(out, info.update_seq, info.epoch);
      }
    }
    out += ",\"rows\":[\n";
    co_return Result<void>{};
  }

  // There are few of them.
  Task<std::uint64_t> count_design_docs() {
    store::AllDocsQuery query{.start = std::string(kDesignPrefix), .end = std::string(kBehindDesign)};
    std::uint64_t count = 0;
    for (bool at_end = false; !at_end;) {
      MYCOUCH_CO_TRY(store::AllDocsPage page, co_await database_.all_docs(query));
      at_end = page.at_end || page.rows.empty();
      count += page.rows.size();
      if (!page.rows.empty()) query.start = page.rows.back().id + '\0';
    }
    co_return count;
  }

  store::AllDocsQuery query() const {
    store::AllDocsQuery query;
    query.descending = options_.descending;
    query.include_docs = options_.include_docs;
    query.read.conflicts = options_.conflicts;
    query.read.encoding_info = options_.encoding_info;
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
        // Down from the empty id, which sorts before all others, there is nothing.
        if (id->empty() && options_.descending) return std::nullopt;
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
    if (listing_ == Listing::design) return narrowed(std::move(result), kDesignPrefix, kBehindDesign);
    if (listing_ == Listing::local) return without_prefix(std::move(result));
    return result;
  }

  // To the ids from `first` up to `behind`; nothing where none is left.
  std::optional<store::AllDocsQuery> narrowed(store::AllDocsQuery query, std::string_view first,
                                              std::string_view behind) const {
    std::string low(first);
    std::string high(behind);
    if (query.descending) std::swap(low, high);
    auto comes_before = [&query](const std::string& a, const std::string& b) {
      return query.descending ? a > b : a < b;
    };
    bool open = query.descending && query.start.empty();
    if (open || comes_before(query.start, low)) query.start = low;
    if (!query.end || comes_before(high, *query.end)) {
      query.end = high;
      query.inclusive_end = true;
    }
    if (comes_before(*query.end, query.start)) return std::nullopt;
    return query;
  }

  // The store knows local documents by the rest of their ids.
  std::optional<store::AllDocsQuery> without_prefix(store::AllDocsQuery query) const {
    std::optional<store::AllDocsQuery> range = narrowed(std::move(query), kLocalPrefix, kBehindLocal);
    if (!range) return std::nullopt;
    if (range->descending && range->start == kLocalPrefix) return std::nullopt;
    auto shorten = [](std::string& id) {
      if (id == kBehindLocal) return false;
      id.erase(0, kLocalPrefix.size());
      return true;
    };
    if (!shorten(range->start)) range->start.clear();
    if (!shorten(*range->end)) range->end.reset();
    return range;
  }

  Task<Page> read_page(store::AllDocsQuery query) {
    Page page;
    if (listing_ == Listing::local) {
      MYCOUCH_CO_TRY(store::LocalPage found, co_await database_.local_docs(std::move(query)));
      page.at_end = found.at_end;
      for (store::LocalRow& row : found.rows)
        page.rows.push_back(row_of(std::move(row.id), std::move(row.document)));
    } else {
      MYCOUCH_CO_TRY(store::AllDocsPage found, co_await database_.all_docs(std::move(query)));
      page.at_end = found.at_end;
      for (store::AllDocsRow& row : found.rows) page.rows.push_back(row_of(std::move(row)));
    }
    co_return page;
  }

  Task<void> send_range(store::AllDocsQuery query) {
    // A page begins with the last row of the one before, which is left out.
    std::string last;
    for (bool at_end = false; !at_end && remaining_ > 0;) {
      query.limit = std::min<std::uint64_t>(kPageRows, remaining_) + (last.empty() ? 0 : 1);
      MYCOUCH_CO_TRY(Page page, co_await read_page(query));
      at_end = page.at_end || page.rows.empty();
      std::string before = std::exchange(last, page.rows.empty() ? std::string() : page.rows.back().id);
      for (Row& row : page.rows) {
        if (row.id == before) continue;
        append(row.id, &row);
        if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
      }
      query.start = last.substr(listing_ == Listing::local ? std::min(kLocalPrefix.size(), last.size()) : 0);
      query.skip = 0;
    }
    co_return Result<void>{};
  }

  Task<void> send_keys() {
    json::Array& keys = *options_.keys;
    if (options_.descending) std::ranges::reverse(keys);
    keys.erase(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(
                                                std::min<std::uint64_t>(options_.skip, keys.size())));
    if (keys.size() > remaining_) keys.resize(remaining_);
    std::erase_if(keys, [this](const json::Value& key) { return !is_of(listing_, key); });
    if (listing_ == Listing::local) co_return co_await send_local_keys(keys);

    for (std::size_t begin = 0; begin < keys.size();) {
      std::size_t end = std::min(begin + kBatch, keys.size());
      std::vector<std::string> ids;
      for (std::size_t i = begin; i < end; ++i) {
        if (const std::string* id = keys[i].as_string()) ids.push_back(*id);
      }
      MYCOUCH_CO_TRY(auto found, co_await database_.all_docs_by_id(std::move(ids), query()));
      auto next_found = found.begin();
      for (; begin < end; ++begin) {
        bool is_id = keys[begin].as_string() != nullptr;
        if (is_id && next_found == found.end()) break;
        std::optional<Row> row;
        if (is_id && *next_found) row = row_of(std::move(**next_found));
        if (is_id) ++next_found;
        append(keys[begin], row ? &*row : nullptr);
        if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
      }
    }
    co_return Result<void>{};
  }

  Task<void> send_local_keys(const json::Array& keys) {
    for (const json::Value& key : keys) {
      std::string id = key.as_string()->substr(kLocalPrefix.size());
      auto document = co_await database_.read_local(id);
      if (!document && document.error().code != Errc::not_found)
        co_return std::unexpected(std::move(document).error());
      std::optional<Row> row;
      if (document) row = row_of(std::move(id), *std::move(document));
      append(key, row ? &*row : nullptr);
      if (output_.full()) MYCOUCH_CO_CHECK(co_await output_.flush());
    }
    co_return Result<void>{};
  }

  void append(const json::Value& key, const Row* row) {
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
    json::append_string(out, row->rev);
    out += row->deleted ? R"(,"deleted":true})" : "}";
    if (options_.include_docs) append_document(*row);
    out += '}';
  }

  void append_document(const Row& row) {
    std::string& out = output_.text();
    out += R"(,"doc":)";
    if (row.local) {
      append_json(out, std::string_view(row.id).substr(kLocalPrefix.size()), *row.local);
    } else if (row.document && !row.deleted) {
      output_.expect_contents(database_, *row.document);
      doc::append_json(out, *row.document);
    } else {
      out += "null";
    }
  }

  store::Database& database_;
  const Listing listing_;
  AllDocsOptions options_;
  Output& output_;
  std::uint64_t remaining_;
  std::uint64_t sent_ = 0;
};

}  // namespace

Task<void> all_docs(store::Database& database, Listing listing, AllDocsOptions options, Output& output) {
  AllDocs answer(database, listing, std::move(options), output);
  co_return co_await answer.run();
}

}  // namespace mycouch::sync
