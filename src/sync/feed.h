// One _changes request, from its first row to its `last_seq`.
//
// All kinds of feed are one loop: read a page of the scope's changes after where we are, send the rows that
// pass the filter, and where nothing is left either end (normal; longpoll, once it has sent a row) or wait to
// be woken. After each page it asks the FeedHost whether it may go on. What a waiting feed waits for is one
// Waiter, held by the database (a change in the scope) and by the FeedHost (the client has gone, the caller
// lost its access, the server stops). Until a feed has to wait it registers with nobody.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/task.h"
#include "base/waiter.h"
#include "doc/selector.h"
#include "store/database.h"
#include "sync/feed_format.h"
#include "sync/output.h"
#include "sync/sequence.h"

namespace mycouch::sync {

enum class ChangesStyle : std::uint8_t { main_only, all_docs };

struct ChangesFilter {
  enum class Kind : std::uint8_t { none, doc_ids, design, selector };
  Kind kind = Kind::none;
  std::unordered_set<std::string> doc_ids = {};
  std::shared_ptr<const doc::Selector> selector = {};

  /// What the row alone tells: true of each where there is a selector, which asks for the document.
  bool passes(const store::ChangeRow& row) const;
};

struct FeedOptions {
  FeedKind kind = FeedKind::normal;
  Since since = {};
  std::optional<std::uint64_t> limit = {};  // rows sent
  bool descending = false;  // from the newest down; such a feed never waits, and `since` is ignored
  ChangesStyle style = ChangesStyle::main_only;
  ChangesFilter filter = {};
  bool include_docs = false;
  bool conflicts = false;          // of included documents
  bool attachments = false;        // of included documents, inline
  bool encoding_info = false;      // of their attachments
  std::uint64_t seq_interval = 1;  // only every so many rows carry their `seq`, the others null
  /// Something is sent at least this often while the feed waits; such a feed waits for ever.
  std::optional<std::chrono::milliseconds> heartbeat = {};
  std::chrono::milliseconds timeout{60'000};  // without a heartbeat: how long it waits for a row
};

/// The world around a feed.
class FeedHost {
 public:
  virtual ~FeedHost() = default;
  /// `waiter` is woken from now on whenever `goes_on` may answer otherwise. Called once, before the first
  /// wait.
  virtual Task<void> watch(std::shared_ptr<base::Waiter> waiter) = 0;
  /// False: the feed ends with its `last_seq`. `cancelled`: its client has gone.
  virtual Task<bool> goes_on() = 0;
  /// The feed ends with its `last_seq` at this time.
  virtual std::chrono::steady_clock::time_point deadline() const = 0;
};

class Feed {
 public:
  /// All three outlive the feed.
  Feed(store::Database& database, FeedHost& host, Output& output, FeedOptions options);

  /// Errors before the first piece went out are the request's; after it the answer is broken off.
  Task<void> run();

 private:
  enum class Next : std::uint8_t { read, end };

  Task<void> run_descending();
  Task<Next> send_page(std::vector<store::ChangeRow> rows);
  Task<Next> send_selected(std::vector<store::ChangeRow> rows);
  Task<void> send_rows(std::vector<store::ChangeRow> rows);
  Task<void> send_with_documents(const std::vector<store::ChangeRow>& rows);
  void append_row(const store::ChangeRow& row, const doc::Document* document);
  void keep_passing(std::vector<store::ChangeRow>& rows) const;
  bool leaves_are_selected() const;
  bool done() const;
  Task<Next> check();
  Task<Next> wait();
  Task<void> beat();
  Result<void> end(std::uint64_t pending);

  store::Database& database_;
  FeedHost& host_;
  Output& output_;
  FeedOptions options_;
  FeedFormat format_;
  std::string epoch_;
  std::uint64_t at_ = 0;         // the sequence that the client has been told of
  std::uint64_t remaining_ = 0;  // rows that may still be sent
  std::uint64_t sent_ = 0;

  std::shared_ptr<base::Waiter> waiter_;  // from the first wait on
  store::Subscription subscription_;
  std::chrono::steady_clock::time_point last_output_;
};

}  // namespace mycouch::sync
