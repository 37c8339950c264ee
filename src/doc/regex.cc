#include "doc/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

#include <pcre2.h>

namespace mycouch::doc {
namespace {

constexpr std::size_t kMaxPatternBytes = 32 * 1024;
constexpr std::uint32_t kDepthLimit = 20'000;
constexpr std::uint32_t kHeapKilobytes = 16 * 1024;

// PCRE2's own limit of steps begins anew at each position of the text, and does not see how far a step goes.
// So the pattern calls us before each of its items, and we count items and bytes. A million of them take some
// milliseconds; a long text may be gone through a few times.
constexpr std::size_t kWork = 1'000'000;
constexpr std::size_t kWorkPerByte = 4;

struct Work {
  std::size_t left;
  std::size_t position = 0;
};

int count_work(pcre2_callout_block* block, void* data) {
  auto& work = *static_cast<Work*>(data);
  std::size_t from = std::exchange(work.position, block->current_position);
  std::size_t done = 1 + std::max(from, work.position) - std::min(from, work.position);
  if (done > work.left) return PCRE2_ERROR_CALLOUT;
  work.left -= done;
  return 0;
}

struct Free {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

template <class T>
Owned<T> own(T* made) {
  if (made == nullptr) throw std::bad_alloc();
  return Owned<T>(made);
}

PCRE2_SPTR bytes_of(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

// PCRE2 knows the older name of (*UTF) no more.
bool remove_utf8_verb(std::string_view& pattern) {
  constexpr std::string_view kVerb = "(*UTF8)";
  if (!pattern.starts_with(kVerb)) return false;
  pattern.remove_prefix(kVerb.size());
  return true;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

Owned<pcre2_code> compile_bounded(std::string_view pattern, std::uint32_t options) {
  auto context = own(pcre2_compile_context_create(nullptr));
  pcre2_set_max_pattern_length(context.get(), kMaxPatternBytes);
  int error = 0;
  PCRE2_SIZE offset = 0;
  return Owned<pcre2_code>(
      pcre2_compile(bytes_of(pattern), pattern.size(), options, &error, &offset, context.get()));
}

}  // namespace

struct Regex::Code {
  Owned<pcre2_code> compiled;
};

Regex::Regex(std::unique_ptr<Code> code) : code_(std::move(code)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

std::optional<Regex> Regex::compile(std::string_view pattern) {
  std::uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
  if (remove_utf8_verb(pattern)) options |= PCRE2_UTF;
  auto code = compile_bounded(pattern, options);
  if (!code) return std::nullopt;
  return Regex(std::make_unique<Code>(Code{.compiled = std::move(code)}));
}

bool Regex::matches(std::string_view text) const {
  auto data = own(pcre2_match_data_create(1, nullptr));
  auto context = own(pcre2_match_context_create(nullptr));
  pcre2_set_depth_limit(context.get(), kDepthLimit);
  pcre2_set_heap_limit(context.get(), kHeapKilobytes);
  Work work{.left = kWork + kWorkPerByte * text.size()};
  pcre2_set_callout(context.get(), count_work, &work);
  // Over a limit is an error, and so no match.
  return pcre2_match(code_->compiled.get(), bytes_of(text), text.size(), 0, 0, data.get(), context.get()) >=
         0;
}

bool Regex::begins_with(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  if (prefix.empty() || text.size() == prefix.size()) return true;
  auto next = static_cast<unsigned char>(text[prefix.size()]);
  if (next < 0x80 && next != '\n') return true;  // joins with nothing
  std::size_t last = prefix.size() - 1;
  while (is_continuation(prefix[last])) --last;
  static const auto cluster = compile_bounded("\\A\\X", PCRE2_UTF);
  auto data = own(pcre2_match_data_create(1, nullptr));
  std::string_view rest = text.substr(last);
  if (pcre2_match(cluster.get(), bytes_of(rest), rest.size(), 0, PCRE2_NO_UTF_CHECK, data.get(), nullptr) <
      0) {
    return false;
  }
  return pcre2_get_ovector_pointer(data.get())[1] == prefix.size() - last;
}

}  // namespace mycouch::doc
