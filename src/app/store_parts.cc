#include "app/store_parts.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace mycouch::app {
namespace {

constexpr std::size_t kNamesAtOnce = 1000;

}  // namespace

// The lists go on at different paces: what lies behind the end of a full one may still come from it.
Task<std::vector<StorePart>> StoreParts::next() {
  std::map<std::string, StorePart> found;
  std::optional<std::string> end;
  const auto add = [&](std::vector<std::string> names, bool documents) {
    if (names.size() == kNamesAtOnce && (!end || names.back() < *end)) end = names.back();
    for (std::string& name : names) {
      StorePart& part = found.try_emplace(name, StorePart{.name = name}).first->second;
      part.documents = part.documents || documents;
    }
  };
  for (store::Store* store : stores_) {
    MYCOUCH_CO_TRY(auto partitions, co_await store->partitions(database_, last_, kNamesAtOnce));
    add(std::move(partitions), true);
    MYCOUCH_CO_TRY(auto scopes, co_await store->local_scopes(database_, last_, kNamesAtOnce));
    add(std::move(scopes), false);
  }
  if (end) found.erase(found.upper_bound(*end), found.end());
  std::vector<StorePart> parts;
  parts.reserve(found.size());
  for (auto& [name, part] : found) parts.push_back(std::move(part));
  if (!parts.empty()) last_ = parts.back().name;
  co_return parts;
}

Task<std::uint64_t> count_documents(store::Store& store, std::string database) {
  std::uint64_t count = 0;
  StoreParts parts({&store}, database);
  for (;;) {
    MYCOUCH_CO_TRY(const std::vector<StorePart> page, co_await parts.next());
    if (page.empty()) co_return count;
    for (const StorePart& part : page) {
      if (!part.documents) continue;
      MYCOUCH_CO_TRY(auto documents, co_await open_documents(store, database, part.name));
      MYCOUCH_CO_TRY(const store::DatabaseInfo info, co_await documents->info());
      count += info.doc_count + info.doc_del_count;
    }
  }
}

Task<std::unique_ptr<store::Database>> open_documents(store::Store& store, std::string database,
                                                      std::string part) {
  return store.open(std::move(database), {.partition = part, .scope = part});
}

Task<std::unique_ptr<store::Database>> open_local_documents(store::Store& store, std::string database,
                                                            std::string part, bool is_system_database) {
  return store.open(std::move(database),
                    {.partition = is_system_database ? std::string() : part, .scope = part});
}

Task<std::vector<store::LocalRow>> all_local_documents(store::Database& database) {
  std::vector<store::LocalRow> rows;
  store::AllDocsQuery query;
  for (;;) {
    MYCOUCH_CO_TRY(store::LocalPage page, co_await database.local_docs(query));
    const bool at_end = page.at_end || page.rows.empty();
    std::ranges::move(page.rows, std::back_inserter(rows));
    if (at_end) co_return rows;
    query.start = rows.back().id + '\0';
  }
}

}  // namespace mycouch::app
