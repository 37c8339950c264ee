// The one shape of asynchronous work: a coroutine on an Asio executor that ends with a Result.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "base/error.h"

namespace mycouch {

/// Parameters are taken by value, or are references to what outlives the server. No lock, and no view into a
/// buffer, is held across a `co_await`.
template <class T>
using Task = boost::asio::awaitable<Result<T>>;

}  // namespace mycouch
