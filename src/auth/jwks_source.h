// Where an issuer's key set comes from: its JWKS URL, found by its discovery document where none is
// configured, or a file.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/task.h"

namespace mycouch::auth {

inline constexpr std::size_t kMaxJwks = 256 << 10;  // bytes, of a key set or a discovery document

struct JwksAnswer {
  std::string text;  // as it came: parse_jwks checks it
  std::optional<std::chrono::milliseconds>
      fresh_for;  // how soon to ask again, where the source has an opinion
};

class JwksSource {
 public:
  virtual ~JwksSource() = default;
  /// `unavailable`, saying why, when there is no answer, or one that is over kMaxJwks. Ends within a deadline
  /// of its own. One call at a time.
  virtual Task<JwksAnswer> fetch() = 0;
};

/// By HTTP. `fresh_for` is what Cache-Control says, within [1 min, 1 h].
class UrlJwksSource final : public JwksSource {
 public:
  /// `url` empty: at each fetch it is taken from `<issuer>/.well-known/openid-configuration`, which must name
  /// the same issuer (OpenID Connect Discovery 1.0, section 4.3).
  UrlJwksSource(std::string issuer, std::string url) : issuer_(std::move(issuer)), url_(std::move(url)) {}
  Task<JwksAnswer> fetch() override;

 private:
  Task<std::string> discover();

  const std::string issuer_;
  const std::string url_;
};

/// A file, read again every few seconds so that a change is soon seen.
class FileJwksSource final : public JwksSource {
 public:
  explicit FileJwksSource(std::string path) : path_(std::move(path)) {}
  Task<JwksAnswer> fetch() override;

 private:
  const std::string path_;
};

/// As `application.jwks` says.
std::unique_ptr<JwksSource> make_jwks_source(const Application& application);

/// How long a response with this Cache-Control field may be kept (RFC 9111, section 5.2.2); nothing where it
/// does not say.
std::optional<std::chrono::seconds> max_age(std::string_view cache_control);

}  // namespace mycouch::auth
