// The store that a configuration names.
#pragma once

#include <memory>
#include <span>

#include "app/config.h"
#include "base/error.h"
#include "base/offload.h"
#include "store/store.h"

namespace mycouch::app {

/// Makes it where it lacks. `unavailable` with the URL and the cause; `pool` outlives the store.
/// `applications` say what names the tenant in the documents of a CouchDB's databases.
Result<std::unique_ptr<store::Store>> open_store(const StoreConfig& config, base::Pool& pool,
                                                 std::span<const auth::Application> applications = {});
/// The same of a store on a disk, with its folder; a CouchDB must be there.
Result<std::unique_ptr<store::Store>> open_or_make_store(const StoreConfig& config, base::Pool& pool);
/// The same of a store that must be there already.
Result<std::unique_ptr<store::Store>> open_existing_store(const StoreConfig& config, base::Pool& pool);
/// The same, only to be read as it is now: a server may be running on it, and goes on.
Result<std::unique_ptr<store::Store>> open_store_to_read(const StoreConfig& config, base::Pool& pool);

}  // namespace mycouch::app
