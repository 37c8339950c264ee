#include "sync/sequence.h"

#include <algorithm>
#include <charconv>

#include "json/writer.h"

namespace mycouch::sync {
namespace {

bool is_epoch(std::string_view text) {
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

}  // namespace

std::string sequence_text(std::uint64_t n, std::string_view epoch) {
  std::string text = std::to_string(n);
  text += '-';
  text += epoch;
  return text;
}

void append_sequence(std::string& out, std::uint64_t n, std::string_view epoch) {
  out += '"';
  json::append_number(out, n);
  out += '-';
  out += epoch;
  out += '"';
}

Result<Since> parse_since(std::string_view text) {
  text = unquoted(text);
  if (text.empty() || text == "0") return Since{};
  if (text == "now") return Since{Since::Kind::now, 0, {}};

  Since since{Since::Kind::at, 0, {}};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), since.n);
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  bool bare = rest.empty();
  if (error != std::errc{} || !(bare || (rest.front() == '-' && is_epoch(rest.substr(1))))) {
    return fail(Errc::bad_request, "Malformed sequence supplied in 'since' parameter.");
  }
  if (!bare) since.epoch = rest.substr(1);
  return since;
}

std::uint64_t resolve(const Since& since, std::string_view epoch, std::uint64_t update_seq) {
  switch (since.kind) {
    case Since::Kind::start:
      return 0;
    case Since::Kind::now:
      return update_seq;
    case Since::Kind::at:
      break;
  }
  bool ours = since.epoch.empty() || since.epoch == epoch;
  return ours && since.n <= update_seq ? since.n : 0;
}

}  // namespace mycouch::sync
