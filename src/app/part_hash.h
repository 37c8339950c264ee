// One hash over everything that a part of a store holds (store_parts.h), in whatever order it is read.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/store_parts.h"
#include "base/digest.h"
#include "base/task.h"
#include "store/store.h"

namespace mycouch::app {

/// Each document has a hash, over its id and, of each leaf: revision, whether it is deleted, its body as
/// canonical JSON, and its attachments' names, types, lengths and digests. So has each local document, over
/// its id and its body. The part's is their sum modulo 2^256.
struct PartHash {
  base::Sha256 sum{};
  std::uint64_t documents = 0;
  std::uint64_t local_documents = 0;

  bool operator==(const PartHash&) const = default;
};

/// Gets the hash of each document while it is read; of a local one under "_local/" and its id.
using OnDocumentHash = std::function<void(const std::string& id, const base::Sha256& hash)>;

/// Reads the part, whose database is there.
Task<PartHash> hash_part(store::Store& store, std::string database, StorePart part, bool is_system_database,
                         OnDocumentHash on_document);

/// Records of a log, between two positions that both count, in their order.
struct LogHash {
  base::Sha256 hash{};
  std::uint64_t records = 0;
  bool operator==(const LogHash&) const = default;
};
Task<LogHash> hash_log(store::Store& store, std::string log, store::LogPosition first,
                       store::LogPosition last);

}  // namespace mycouch::app
