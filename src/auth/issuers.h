// The applications, by the issuer of their users' tokens, each with its ring of keys.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "auth/jwks_source.h"
#include "auth/key_ring.h"
#include "auth/principal.h"
#include "base/clock.h"
#include "base/error.h"

namespace mycouch::auth {

struct Issuer {
  std::shared_ptr<const Application> application;
  std::shared_ptr<KeyRing> keys;
};

/// Thread-safe. Applications may come and go while requests are served; `clock` outlives it.
class Issuers {
 public:
  using SourceOf = std::function<std::unique_ptr<JwksSource>(const Application&)>;

  explicit Issuers(const base::Clock& clock, KeyRefresh options = {}, SourceOf source_of = make_jwks_source);

  /// `bad_request`, saying which, where the application has no id or issuer, or shares its id, issuer or
  /// subject_prefix with another. After `start`, its keys begin to be fetched at once.
  Result<void> add(Application application);
  /// Takes the place of the application of that id, at once for the next request: tokens that were accepted
  /// are verified anew. The keys stay known where the issuer and its `jwks` do. Otherwise as `add`, with
  /// nothing changed after an error.
  Result<void> replace(Application application);
  /// Its tokens are not accepted any more, cached ones neither. Whether there was one of that id.
  bool remove(std::string_view application_id);

  /// Begins to fetch the keys, in the background; `executor` runs on one thread. Once.
  void start(boost::asio::any_io_executor executor);
  /// Ends the refresh of all keys: no fetch begins any more. Does not wait for those under way.
  void stop();

  /// By the exact text of `iss`.
  std::optional<Issuer> find(std::string_view issuer) const;
  std::shared_ptr<const Application> application(std::string_view id) const;  // or null
  std::vector<std::shared_ptr<const Application>> applications() const;       // by issuer

 private:
  using ByIssuer = std::map<std::string, Issuer, std::less<>>;

  /// Of an application that takes the place of `replaced`, where there is one. Both under the lock.
  Result<void> check(const Application& application, const Application* replaced) const;
  Issuer make(Application application);

  std::shared_ptr<const ByIssuer> snapshot() const;
  void publish(ByIssuer changed) { current_ = std::make_shared<const ByIssuer>(std::move(changed)); }

  const base::Clock& clock_;
  const KeyRefresh options_;
  const SourceOf source_of_;

  mutable std::mutex mutex_;                 // guards what follows
  std::shared_ptr<const ByIssuer> current_;  // replaced as a whole, never changed
  std::optional<boost::asio::any_io_executor> executor_;
};

}  // namespace mycouch::auth
