// What a browser sees of the development server: a first page at /, and Roady, the demo app, under /demo/.
#pragma once

#include <span>

#include <boost/asio/awaitable.hpp>

#include "app/static_files.h"
#include "http/server.h"

namespace mycouch::app {

/// Thread-safe; `files` outlive it.
class DevSite {
 public:
  explicit DevSite(std::span<const StaticFile> files) : files_(files) {}

  /// Answers requests for the site; false for all others, which it leaves untouched: CouchDB's clients ask
  /// for / too, and get their welcome.
  boost::asio::awaitable<bool> handle(http::Exchange& exchange) const;

 private:
  http::Response answer(const http::Request& request) const;

  std::span<const StaticFile> files_;
};

}  // namespace mycouch::app
