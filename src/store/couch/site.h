// Where a confined view lies upstream, and how it is asked. Private to this folder.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "json/outline.h"
#include "store/couch/core.h"
#include "store/couch/follower.h"
#include "store/couch/wire.h"
#include "store/database.h"

namespace mycouch::store::couch {

/// A copy of one is cheap enough for a request.
struct Site {
  std::shared_ptr<CouchCore> core;
  std::shared_ptr<Follower> follower;
  std::string upstream;  // the database's name there
  Confinement confinement;

  const std::string& database() const { return follower->database(); }
  Layout layout() const { return follower->layout(); }
  /// Whether the scope is less than the partition: then only documents with a place in the scope are seen.
  bool partial() const { return confinement.scope != confinement.partition; }
  ScopeName scope() const { return {confinement.partition, confinement.scope}; }

  std::string id_upstream(std::string_view id) const {
    return upstream_id(layout(), confinement.partition, id);
  }
  /// The id within the partition; `unavailable` for one of another.
  Result<std::string> id_here(std::string_view upstream_id) const;
  /// The same of a document.
  Result<doc::Document> document_here(doc::Document document) const;
  /// A reason of upstream's as it may be told: ids in it as the client knows them.
  std::string reason_here(std::string reason) const;

  std::string path() const { return database_path(upstream); }
  std::string path(std::string_view id) const { return document_path(upstream, id_upstream(id)); }

  /// Any status but those that say that nobody can be asked, or that the database is gone (`not_found`).
  Task<http::Response> send(http::UpstreamRequest request) const;
  /// The same of a request with a JSON body, which may be sent twice where it only reads.
  Task<http::Response> post(std::string target, std::string body, bool repeatable = true) const;

  /// Waits for the index, with what was written here; false where it is still being made.
  Task<bool> index_ready(std::chrono::milliseconds patience) const;
};

std::unexpected<Error> database_gone();

/// Of an answer that is a success; as check_answer() otherwise.
Result<json::Outline> outline_of(const http::Response& answer, int depth);

}  // namespace mycouch::store::couch
