#include "http/multipart.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/random.h"
#include "http/ascii.h"

namespace mycouch::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kMaxBoundary = 200;
constexpr std::size_t kMaxPadding = 200;  // behind a boundary
constexpr std::size_t kBoundaryBytes = 16;

std::unexpected<Error> malformed(std::string what) {
  return fail(Errc::bad_request, std::move(what));
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Takes a quoted-string, or everything up to the next semicolon, off the front.
std::string take_value(std::string_view& text) {
  std::string value;
  if (!text.starts_with('"')) {
    value = trim(text.substr(0, text.find(';')));
    text.remove_prefix(std::min(text.find(';'), text.size()));
    return value;
  }
  std::size_t at = 1;
  for (; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) ++at;
    value += text[at];
  }
  text.remove_prefix(std::min(at + 1, text.size()));
  return value;
}

// Where `pattern`, or a beginning of it that the text ends with, is first found.
std::size_t find_whole_or_begun(std::string_view text, std::string_view pattern) {
  std::size_t found = text.find(pattern);
  if (found != std::string_view::npos) return found;
  std::size_t from = text.size() - std::min(text.size(), pattern.size() - 1);
  for (; from < text.size(); ++from) {
    if (pattern.starts_with(text.substr(from))) return from;
  }
  return text.size();
}

void append_without_controls(std::string& out, std::string_view text) {
  std::ranges::replace_copy_if(text, std::back_inserter(out), is_control, ' ');
}

}  // namespace

std::optional<std::string> field_parameter(std::string_view value, std::string_view name) {
  std::string_view left = value.substr(std::min(value.find(';'), value.size()));
  while (!left.empty()) {
    left.remove_prefix(1);  // the semicolon
    const std::size_t end = left.find_first_of("=;");
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view found = trim(left.substr(0, end));
    left.remove_prefix(end);
    if (left.starts_with(';')) continue;
    left.remove_prefix(1);
    left.remove_prefix(std::min(left.find_first_not_of(" \t"), left.size()));
    std::string text = take_value(left);
    if (equal_ignoring_case(found, name)) return text;
    left.remove_prefix(std::min(left.find(';'), left.size()));
  }
  return std::nullopt;
}

std::optional<std::string> multipart_boundary(std::string_view content_type) {
  std::optional<std::string> boundary = field_parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > kMaxBoundary) return std::nullopt;
  if (std::ranges::any_of(*boundary, is_control)) return std::nullopt;
  return boundary;
}

// A boundary stands at the beginning of a line: the line break before the first one is put there here.
MultipartReader::MultipartReader(std::string_view boundary)
    : delimiter_(std::string("\r\n--").append(boundary)), buffer_(kLineEnd) {}

void MultipartReader::feed(std::string_view bytes) {
  data_ = {};
  buffer_.erase(0, at_);
  at_ = 0;
  buffer_ += bytes;
}

Result<MultipartReader::Event> MultipartReader::next() {
  data_ = {};
  for (;;) {
    const State before = state_;
    Result<Event> event = Event::end;
    switch (state_) {
      case State::preamble:
        event = skip_preamble();
        break;
      case State::after_boundary:
        event = read_boundary_end();
        break;
      case State::head:
        event = read_head();
        break;
      case State::content:
        event = read_content();
        break;
      case State::ended:
        return Event::end;
    }
    if (!event || *event != Event::need_more || state_ == before) return event;
  }
}

MultipartReader::Event MultipartReader::skip_preamble() {
  const std::size_t found = find_whole_or_begun(left(), delimiter_);
  at_ += found;
  if (left().size() >= delimiter_.size()) {
    at_ += delimiter_.size();
    state_ = State::after_boundary;
  }
  return Event::need_more;
}

// Two dashes, or padding and a line break.
Result<MultipartReader::Event> MultipartReader::read_boundary_end() {
  if (left().starts_with("--")) {
    state_ = State::ended;
    return Event::end;
  }
  std::string_view line = left().substr(std::min(left().find_first_not_of(" \t"), left().size()));
  const std::size_t padding = left().size() - line.size();
  if (padding > kMaxPadding) return malformed("bad part header");
  if (line.size() < kLineEnd.size()) {
    const bool may_go_on = line.empty() || line.front() == '\r' || (line.front() == '-' && padding == 0);
    if (!may_go_on) return malformed("bad part header");
    return Event::need_more;
  }
  if (!line.starts_with(kLineEnd)) return malformed("bad part header");
  // The line break stays: it is the first half of what ends an empty head.
  at_ += padding;
  state_ = State::head;
  return Event::need_more;
}

Result<MultipartReader::Event> MultipartReader::read_head() {
  const std::size_t end = left().find(kHeadEnd);
  if (std::min(end, left().size()) > kMaxPartHead) return malformed("a part's header is too large");
  if (end == std::string_view::npos) return Event::need_more;
  MYCOUCH_CHECK(parse_head(left().substr(0, end)));
  at_ += end + kHeadEnd.size();
  state_ = State::content;
  return Event::part_begin;
}

Result<void> MultipartReader::parse_head(std::string_view head) {
  headers_.clear();
  while (!head.empty()) {
    std::string_view line = head.substr(0, head.find(kLineEnd));
    head.remove_prefix(std::min(line.size() + kLineEnd.size(), head.size()));
    if (line.empty()) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return malformed("bad part header");
    headers_.add(std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
  }
  return {};
}

MultipartReader::Event MultipartReader::read_content() {
  std::string_view content = left();
  const std::size_t found = find_whole_or_begun(content, delimiter_);
  if (found > 0) {
    data_ = content.substr(0, found);
    at_ += found;
    return Event::data;
  }
  if (content.size() < delimiter_.size()) return Event::need_more;
  at_ += delimiter_.size();
  state_ = State::after_boundary;
  return Event::part_end;
}

std::string MultipartWriter::begin_part(const Headers& headers) {
  std::string out(begun_ ? kLineEnd : std::string_view());
  begun_ = true;
  out.append("--").append(boundary_);
  for (const auto& [name, value] : headers) {
    out.append(kLineEnd).append(name).append(": ");
    append_without_controls(out, value);
  }
  return out.append(kHeadEnd);
}

std::string MultipartWriter::end() {
  return std::string(begun_ ? kLineEnd : std::string_view()).append("--").append(boundary_).append("--");
}

std::string random_boundary() {
  return base::to_hex(base::random_bytes(kBoundaryBytes));
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += is_control(c) ? ' ' : c;
  }
  return out + '"';
}

}  // namespace mycouch::http
