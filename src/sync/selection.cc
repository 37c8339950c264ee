#include "sync/selection.h"

#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace mycouch::sync {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Selection {
 public:
  Selection(const doc::Selector& selector, std::vector<store::ChangeRow> rows, SelectionOptions options)
      : selector_(selector), rows_(std::move(rows)), options_(options) {
    for (const store::ChangeRow& row : rows_) {
      std::size_t leaves = options_.all_leaves ? row.leaves.size() : 1;
      for (std::size_t i = 0; i < leaves; ++i) requests_.push_back({row.id, row.leaves[i]});
    }
    matched_.resize(rows_.size());
  }

  bool done() const { return answered_ == requests_.size(); }

  std::vector<store::RevisionRequest> outstanding() const {
    return {requests_.begin() + static_cast<std::ptrdiff_t>(answered_), requests_.end()};
  }

  /// Answers the first outstanding request.
  void answer(const store::OpenRevision& found) {
    while (requests_[answered_].id != rows_[row_].id) ++row_;
    if (matches(found)) matched_[row_].push_back(found.revision);
    ++answered_;
  }

  std::vector<store::ChangeRow> take() {
    std::vector<store::ChangeRow> passing;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (matched_[i].empty()) continue;
      passing.push_back(std::move(rows_[i]));
      passing.back().leaves = std::move(matched_[i]);
    }
    return passing;
  }

 private:
  bool matches(const store::OpenRevision& found) {
    doc::Document gone{.id = rows_[row_].id, .revision = found.revision, .deleted = true};
    if (!found.document && !rows_[row_].deleted) return false;
    text_.clear();
    doc::append_json(text_, found.document ? *found.document : gone);
    return selector_.matches(json::value_of(text_));
  }

  const doc::Selector& selector_;
  std::vector<store::ChangeRow> rows_;
  SelectionOptions options_;
  std::vector<store::RevisionRequest> requests_;  // in the order of the rows
  std::vector<std::vector<doc::Revision>> matched_;
  std::size_t answered_ = 0;
  std::size_t row_ = 0;
  std::string text_;
};

}  // namespace

Task<std::vector<store::ChangeRow>> select_rows(store::Database& database, const doc::Selector& selector,
                                                std::vector<store::ChangeRow> rows,
                                                SelectionOptions options) {
  Selection selection(selector, std::move(rows), options);
  store::ReadOptions read;
  read.conflicts = options.conflicts;
  auto executor = co_await boost::asio::this_coro::executor;
  auto turn_began = SteadyClock::now();
  while (!selection.done()) {
    MYCOUCH_CO_TRY(auto found, co_await database.read_many(selection.outstanding(), read));
    for (const std::vector<store::OpenRevision>& revisions : found) {
      selection.answer(revisions.front());
      if (SteadyClock::now() - turn_began < kMatchingTurn) continue;
      co_await boost::asio::post(executor, boost::asio::use_awaitable);
      turn_began = SteadyClock::now();
    }
  }
  co_return selection.take();
}

}  // namespace mycouch::sync
