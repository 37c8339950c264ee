// Feeds text to read_edit; the body of what it accepts must be good JSON on one line, and so must the
// document that is written of it, which must read back as the same edit.
#include <cstdlib>

#include "doc/document.h"

namespace {

using namespace mycouch;
using namespace mycouch::doc;

void require(bool condition) {
  if (!condition) std::abort();
}

Result<Edit> read(std::string_view text, const EditRules& rules) {
  MYCOUCH_TRY(json::Outline outline, json::outline(text, 1));
  return read_edit(outline, outline.root(), {}, rules);
}

void require_good(const Edit& edit, const EditRules& rules) {
  require(edit.body.find_first_of("\r\n") == std::string::npos);
  require(json::outline(edit.body, 0).has_value());
  Document document{.id = edit.id, .revision = {1, RevHash("a")}, .deleted = edit.deleted, .body = edit.body};
  if (edit.parent) document.revision = *edit.parent;
  if (!edit.path.hashes.empty()) {
    document.revision = edit.path.leaf();
    document.revisions = edit.path;
  }
  std::string written;
  append_json(written, document);
  Result<Edit> again = read(written, rules);
  if (edit.id.empty()) return;  // which no document has
  require(again.has_value());
  require(again->id == edit.id && again->deleted == edit.deleted && again->body == edit.body);
  require(again->path.hashes == edit.path.hashes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (bool new_edits : {true, false}) {
    EditRules rules{.new_edits = new_edits, .stamp = {.name = "tenant", .value = "t"}};
    if (Result<Edit> edit = read(text, rules)) require_good(*edit, rules);
  }
  return 0;
}
