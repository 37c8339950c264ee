// Work for other servers, kept in the system database until it is done: a user's active tenant for the
// identity provider, an invitation for the application's webhook.
//
// The change that causes such work writes an outbox document in the same atomic batch. One coroutine follows
// the scope of these documents, sends what is due, and makes a tombstone of what is done. A document only
// names what it is about: what is sent is read when it is sent, so a notice that waited tells the latest
// value. One that was renewed while it was being sent conflicts with its tombstone, and is sent once more.
// What fails is tried again with growing pauses, which are noted in the document: they hold over restarts.
// Where the failure is the other server's, and not of the one request, the others for it rest too: so in an
// outage few requests are made, few notices have long pauses, and at its end the rest go out at once.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "auth/issuers.h"
#include "base/clock.h"
#include "store/store.h"
#include "tenancy/documents.h"
#include "tenancy/invitation_delivery.h"
#include "tenancy/outbox_notice.h"

namespace mycouch::tenancy {

struct OutboxOptions {
  std::chrono::milliseconds first_retry = std::chrono::seconds(1);     // doubles at each failure
  std::chrono::milliseconds longest_retry = std::chrono::minutes(15);  // up to this
  std::chrono::milliseconds longest_pause = std::chrono::hours(1);     // that a Retry-After may ask for
  std::chrono::milliseconds refused_retry = std::chrono::minutes(1);   // where our key was refused
  std::chrono::milliseconds breather = std::chrono::seconds(10);       // at most, for a server in trouble
  std::chrono::milliseconds timeout = std::chrono::seconds(10);        // of a request to Clerk
  std::size_t at_once = 4;                                             // requests, for each destination
};

/// All its work is on the executor that `start` is given. What the constructor takes outlives that executor.
class Outbox {
 public:
  Outbox(store::Store& store, std::string system_database, const auth::Issuers& issuers,
         InvitationDelivery& delivery, const base::Clock& clock, OutboxOptions options = {});
  ~Outbox();

  /// `executor` runs on one thread. Once, after the applications are known: a notice of an application that
  /// there is not is dropped.
  void start(boost::asio::any_io_executor executor);
  /// No request begins any more. Those under way end, or go with the executor: they are repeated after the
  /// next start.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mycouch::tenancy
