#include "auth/issuers.h"

#include <algorithm>
#include <utility>

namespace mycouch::auth {

Issuers::Issuers(const base::Clock& clock, KeyRefresh options, SourceOf source_of)
    : clock_(clock),
      options_(options),
      source_of_(std::move(source_of)),
      current_(std::make_shared<const ByIssuer>()) {}

Result<void> Issuers::check(const Application& application, const Application* replaced) const {
  if (application.id.empty()) return fail(Errc::bad_request, "an application has no id");
  if (application.issuer.empty()) {
    return fail(Errc::bad_request, "application " + application.id + " has no issuer");
  }
  for (const auto& [issuer, other] : *current_) {
    if (other.application.get() == replaced) continue;
    const char* shared = other.application->id == application.id ? "the id"
                         : issuer == application.issuer          ? "the issuer"
                         : other.application->subject_prefix == application.subject_prefix
                             ? "the subject prefix"
                             : nullptr;
    if (shared == nullptr) continue;
    return fail(Errc::bad_request, "application " + application.id + " has " + shared + " of application " +
                                       other.application->id);
  }
  return {};
}

Issuer Issuers::make(Application application) {
  auto keys = std::make_shared<KeyRing>(application.issuer, source_of_(application), options_, clock_);
  return {std::make_shared<const Application>(std::move(application)), std::move(keys)};
}

Result<void> Issuers::add(Application application) {
  std::lock_guard lock(mutex_);
  MYCOUCH_CHECK(check(application, nullptr));
  Issuer added = make(std::move(application));
  if (executor_) added.keys->start(*executor_);
  ByIssuer changed = *current_;
  changed.emplace(added.application->issuer, added);
  publish(std::move(changed));
  return {};
}

Result<void> Issuers::replace(Application application) {
  std::lock_guard lock(mutex_);
  ByIssuer changed = *current_;
  auto at = std::ranges::find_if(
      changed, [&](const auto& each) { return each.second.application->id == application.id; });
  if (at == changed.end()) return fail(Errc::not_found, "there is no application " + application.id);
  const Issuer before = at->second;
  MYCOUCH_CHECK(check(application, before.application.get()));
  const bool same_keys =
      application.issuer == before.application->issuer && application.jwks == before.application->jwks;
  Issuer after = make(std::move(application));
  if (same_keys) {
    before.keys->retire_for(*after.keys);
  } else {
    before.keys->revoke();
  }
  if (executor_) after.keys->start(*executor_);
  changed.erase(at);
  changed.emplace(after.application->issuer, after);
  publish(std::move(changed));
  return {};
}

bool Issuers::remove(std::string_view application_id) {
  std::lock_guard lock(mutex_);
  ByIssuer changed = *current_;
  for (auto at = changed.begin(); at != changed.end(); ++at) {
    if (at->second.application->id != application_id) continue;
    at->second.keys->revoke();
    changed.erase(at);
    publish(std::move(changed));
    return true;
  }
  return false;
}

void Issuers::start(boost::asio::any_io_executor executor) {
  std::lock_guard lock(mutex_);
  executor_ = executor;
  for (const auto& [issuer, each] : *current_) each.keys->start(executor);
}

void Issuers::stop() {
  std::lock_guard lock(mutex_);
  executor_.reset();
  for (const auto& [issuer, each] : *current_) each.keys->stop();
}

std::optional<Issuer> Issuers::find(std::string_view issuer) const {
  auto current = snapshot();
  auto found = current->find(issuer);
  if (found == current->end()) return std::nullopt;
  return found->second;
}

std::shared_ptr<const Application> Issuers::application(std::string_view id) const {
  for (const auto& [issuer, each] : *snapshot()) {
    if (each.application->id == id) return each.application;
  }
  return nullptr;
}

std::vector<std::shared_ptr<const Application>> Issuers::applications() const {
  std::vector<std::shared_ptr<const Application>> all;
  for (const auto& [issuer, each] : *snapshot()) all.push_back(each.application);
  return all;
}

std::shared_ptr<const Issuers::ByIssuer> Issuers::snapshot() const {
  std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace mycouch::auth
