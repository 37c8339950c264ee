// One request on its way through a handler: what was asked, who asks, and the way to answer.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/admission.h"
#include "api/backend.h"
#include "auth/principal.h"
#include "base/task.h"
#include "http/message.h"
#include "http/router.h"
#include "http/server.h"
#include "json/value.h"
#include "sync/output.h"

namespace mycouch::api {

/// Bytes of a body of the virtual tables.
inline constexpr std::uint64_t kMaxTableBody = 1 << 20;
/// The same of one that holds many documents.
inline constexpr std::uint64_t kMaxTableBatch = 8 << 20;
/// Bytes of a body that holds options, at most a list of ids among them.
inline constexpr std::uint64_t kMaxOptionsBody = 4 << 20;

/// Handlers take it by reference; it lives until they have answered.
class Call {
 public:
  /// `common` is what every answer to this request carries (CORS, the request's id).
  Call(http::Exchange& exchange, http::Query query, http::RouteParameters parameters, http::Headers common,
       std::shared_ptr<const auth::Principal> caller, std::uint64_t max_request);
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const http::Request& request() const { return exchange_.request(); }
  const http::Query& query() const { return query_; }
  /// Of the path, by its name in the route's pattern, which has it.
  std::string_view parameter(std::string_view name) const { return parameters_[name]; }
  bool has_parameter(std::string_view name) const { return parameters_.contains(name); }
  /// Null where the route does not ask who calls, or no credentials came.
  const auth::Principal* caller() const { return caller_.get(); }
  /// The caller and the request, for what leaves a record. There is a caller.
  tenancy::Actor actor() const;

  /// Most bytes of a request's body that is held in memory.
  std::uint64_t max_request() const { return max_request_; }
  /// Whether the caller may still do what the route asks for. A body may take long to come: after it has, this is
  /// asked again, here or by who streams it.
  virtual Task<void> check_access();
  /// The body, and `bad_content_type` for one with a Content-Encoding.
  Task<std::string> read_body();
  /// The body of a POST: `bad_content_type` unless it is declared to be JSON.
  Task<std::string> read_json();
  /// The same, parsed: `bad_request` for what is no object. `max_bytes` is small, as a parsed body takes many
  /// times its bytes.
  Task<json::Object> read_object(std::uint64_t max_bytes);

  Task<void> send(http::Response response);
  Task<void> send_json(unsigned status, std::string body);
  Task<void> begin(http::Response head, std::optional<std::uint64_t> length = {});

  http::Exchange& exchange() { return exchange_; }

 private:
  Task<std::string> read_plain(std::uint64_t max_bytes);
  Task<std::string> read_json(std::uint64_t max_bytes);
  void add_common(http::Response& response) const;

  http::Exchange& exchange_;
  http::Query query_;
  http::RouteParameters parameters_;
  http::Headers common_;
  std::shared_ptr<const auth::Principal> caller_;
  std::uint64_t max_request_;
};

/// A request beside any database.
class ServerCall : public Call {
 public:
  template <class... Args>
  explicit ServerCall(Backend& backend, Args&&... args)
      : Call(std::forward<Args>(args)...), backend_(backend) {}

  Backend& backend() { return backend_; }

 private:
  Backend& backend_;
};

/// A request to a database, which is all that its handler can reach.
class DatabaseCall : public Call {
 public:
  template <class... Args>
  explicit DatabaseCall(Admission admission, const base::Clock& clock, std::uint64_t max_attachment,
                        Args&&... args)
      : Call(std::forward<Args>(args)...),
        admission_(std::move(admission)),
        clock_(clock),
        max_attachment_(max_attachment) {}

  store::Database& database() { return admission_.database(); }
  const sync::WriteRules& rules() const { return admission_.rules(); }
  const Admission& admission() const { return admission_; }
  /// Bytes of one attachment.
  std::uint64_t max_attachment() const { return max_attachment_; }
  const base::Clock& clock() const { return clock_; }
  Task<void> check_access() override { return admission_.check(); }

 private:
  Admission admission_;
  const base::Clock& clock_;
  std::uint64_t max_attachment_;
};

/// An answer in pieces; one that fits the first piece is sent whole.
class ResponseStream final : public sync::Output {
 public:
  ResponseStream(Call& call, http::Response head) : call_(call), head_(std::move(head)) {}

  /// Sends what is left. Not called after an error: the answer is then broken off, or not begun.
  Task<void> finish();

 private:
  Task<void> write(std::string piece) override;

  Call& call_;
  http::Response head_;
};

/// Whether the client holds the answer of this ETag already (If-None-Match).
bool etag_matches(const http::Headers& headers, std::string_view etag);

}  // namespace mycouch::api
