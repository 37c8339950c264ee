// Private to this folder.
#pragma once

#include <memory>
#include <string>

#include "store/couch/core.h"
#include "store/database.h"

namespace mycouch::store::couch {

std::unique_ptr<Database> open_database(std::shared_ptr<CouchCore> core, std::shared_ptr<Follower> follower,
                                        Confinement confinement);

}  // namespace mycouch::store::couch
