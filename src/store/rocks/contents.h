// Contents of attachments: taken in before their documents are written, and read out, in pieces.
//
// A digest is known only when the last byte has come, so what is streamed in lies under a random name, which
// the family "default" lists as pending from the content's first batch on. The commit that writes the
// document takes the name off that list and puts it under the digest, where the content is counted and found;
// or, where the digest has a content already, removes the rows. What is on the list when the store opens was
// left by a crash.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "store/database.h"
#include "store/rocks/engine_core.h"
#include "store/rocks/records.h"

namespace mycouch::store::rocks {

class HeldSnapshot;

/// Content for an edit. One that is small waits in memory, any other in rows.
struct TakenContent final : doc::StoredContent {
  /// Rows that were not handed over are removed in the background.
  ~TakenContent() override;

  std::string bytes;  // the stored bytes, where they are not in rows

  bool in_rows = false;
  base::Md5 name{};                  // of the rows
  std::string prefix;                // of the partition that they lie in
  std::shared_ptr<EngineCore> core;  // with rows
  /// A commit disposes of the rows. Set before it is written, and not taken back where that fails: the rows
  /// may be part of what a later start finds, which sweeps them if they are not.
  mutable std::atomic<bool> handed_over{false};
};

/// Content that came with its edit. It is encoded and digested here, which may take long.
std::shared_ptr<const TakenContent> take_inline(std::string_view data, const std::string& content_type);

/// Content that comes in pieces, for documents under `prefix`.
std::unique_ptr<AttachmentWriter> make_content_writer(std::shared_ptr<EngineCore> core, std::string prefix,
                                                      NewContent about);

/// The content of `length` bytes that lies under `name` in the snapshot.
std::unique_ptr<AttachmentReader> make_content_reader(std::shared_ptr<EngineCore> core,
                                                      std::shared_ptr<HeldSnapshot> snapshot,
                                                      std::string_view prefix, const base::Md5& name,
                                                      std::uint64_t length);

/// Removes a pending content. Cut short by the store's end, it goes on at the next start.
void remove_pending(EngineCore& core, std::string_view prefix, const base::Md5& name);

}  // namespace mycouch::store::rocks
