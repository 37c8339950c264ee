// Who changes something, and by which request: what the audit trail keeps beside the change itself.
#pragma once

#include <memory>
#include <string>

#include "auth/principal.h"

namespace mycouch::tenancy {

struct Actor {
  std::shared_ptr<const auth::Principal> principal;
  std::string request_id;  // as the answer's X-Request-Id has it
  std::string address;     // of the client, as the connection has it
};

}  // namespace mycouch::tenancy
