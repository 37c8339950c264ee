// One confined view of one database of the embedded store.
#pragma once

#include <memory>

#include "store/rocks/engine_core.h"
#include "store/store.h"

namespace mycouch::store::rocks {

std::unique_ptr<Database> open_database(std::shared_ptr<EngineCore> core,
                                        std::shared_ptr<DatabaseRecord> record, Confinement confinement);

}  // namespace mycouch::store::rocks
