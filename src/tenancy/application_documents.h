// The applications that the administrator keeps in the system database, added to the issuers: at the start,
// and whenever a document comes, changes or goes.
//
// Each look compares all documents with what was applied: there are few, and so an application that another
// one stood in the way of is taken up when that one goes. A document that is not usable leaves what was there
// before it in place. An application of the configuration file goes before a document with its id.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "auth/issuers.h"
#include "base/task.h"
#include "store/store.h"

namespace mycouch::tenancy {

/// What the constructor takes outlives the executor that `start` is given.
class ApplicationDocuments {
 public:
  /// The applications of the configuration file have been added to `issuers`.
  ApplicationDocuments(store::Store& store, std::string system_database, auth::Issuers& issuers);
  ~ApplicationDocuments();

  /// Applies the documents that there are. `unavailable` where they cannot be read.
  Task<void> load();
  /// From now on applies changes; `executor` runs on one thread. Once, after `load`.
  void start(boost::asio::any_io_executor executor);
  /// No change is applied any more.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace mycouch::tenancy
