// What each kind of outbox document asks for: the request to another server, made from what is stored now.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "auth/issuers.h"
#include "base/clock.h"
#include "json/value.h"
#include "tenancy/invitation_delivery.h"
#include "tenancy/outcome.h"
#include "tenancy/system_database.h"

namespace mycouch::tenancy {

class OutboxWork {
 public:
  /// All but `timeout`, of a request to Clerk, outlives it.
  OutboxWork(SystemDatabase& system, const auth::Issuers& issuers, InvitationDelivery& delivery,
             const base::Clock& clock, std::chrono::milliseconds timeout)
      : system_(system), issuers_(issuers), delivery_(delivery), clock_(clock), timeout_(timeout) {}

  /// Gives up what lacks its application, or what the application's configuration lacks. There is nothing to
  /// do where the user or the tenant is gone, or the invitation cannot be accepted any more.
  boost::asio::awaitable<Outcome> perform(json::Object notice);

 private:
  boost::asio::awaitable<Outcome> tell_active_tenant(std::shared_ptr<const auth::Application> application,
                                                     std::string user_id);
  boost::asio::awaitable<Outcome> deliver_invitation(std::shared_ptr<const auth::Application> application,
                                                     std::string invitation_id);

  SystemDatabase& system_;
  const auth::Issuers& issuers_;
  InvitationDelivery& delivery_;
  const base::Clock& clock_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace mycouch::tenancy
