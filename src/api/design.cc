// What CouchDB serves by running code, and what of its API is not served.

#include "api/handlers.h"

namespace mycouch::api {

// What is not there is told first, as CouchDB does.
Task<void> refuse_design_function(DatabaseCall& call) {
  std::string id = "_design/" + std::string(call.parameter("design"));
  MYCOUCH_CO_CHECK(co_await call.database().read(std::move(id), {}));
  co_return fail(Errc::not_implemented, "mycouch runs no functions of design documents");
}

Task<void> refuse_unserved(DatabaseCall&) {
  co_return fail(Errc::not_implemented, "this part of CouchDB's API is not served");
}

}  // namespace mycouch::api
