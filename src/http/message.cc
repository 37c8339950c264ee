#include "http/message.h"

#include <algorithm>

#include "base/encoding.h"
#include "http/ascii.h"

namespace mycouch::http {
namespace {

Result<std::string> decode(std::string_view text, bool plus_is_space) {
  auto decoded = base::percent_decode(text, plus_is_space);
  if (!decoded) return fail(Errc::bad_request, "malformed percent-encoding in the URL");
  if (!base::is_utf8(*decoded)) return fail(Errc::bad_request, "the URL is not UTF-8");
  return *std::move(decoded);
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::delete_:
      return "DELETE";
    case Method::options:
      return "OPTIONS";
    case Method::copy:
      return "COPY";
    case Method::patch:
      return "PATCH";
    case Method::other:
      break;
  }
  return "OTHER";
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (equal_ignoring_case(field, name)) return value;
  }
  return std::nullopt;
}

void Headers::set(std::string name, std::string value) {
  remove(name);
  add(std::move(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const auto& field) { return equal_ignoring_case(field.first, name); });
}

Result<Query> Query::parse(std::string_view text) {
  Query query;
  while (!text.empty()) {
    std::string_view piece = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    if (piece.empty()) continue;
    std::size_t equals = piece.find('=');
    MYCOUCH_TRY(std::string name, decode(piece.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      MYCOUCH_TRY(value, decode(piece.substr(equals + 1), true));
    }
    auto known = std::ranges::find(query.parameters_, name, &std::pair<std::string, std::string>::first);
    if (known != query.parameters_.end()) {
      known->second = std::move(value);
    } else {
      query.parameters_.emplace_back(std::move(name), std::move(value));
    }
  }
  return query;
}

const std::string* Query::find(std::string_view name) const {
  auto found = std::ranges::find(parameters_, name, &std::pair<std::string, std::string>::first);
  return found == parameters_.end() ? nullptr : &found->second;
}

std::string_view Request::raw_query() const {
  std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
}

Result<std::vector<std::string>> split_path(std::string_view raw_path) {
  if (!raw_path.starts_with('/')) return fail(Errc::bad_request, "the path does not begin with a slash");
  raw_path.remove_prefix(1);
  std::vector<std::string> segments;
  while (!raw_path.empty()) {
    std::string_view piece = raw_path.substr(0, raw_path.find('/'));
    raw_path.remove_prefix(std::min(piece.size() + 1, raw_path.size()));
    MYCOUCH_TRY(std::string segment, decode(piece, false));
    segments.push_back(std::move(segment));
  }
  return segments;
}

}  // namespace mycouch::http
