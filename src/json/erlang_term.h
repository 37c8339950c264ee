// JSON values as Erlang's io_lib writes terms with ~w: what CouchDB quotes in the reasons of its errors.
#pragma once

#include <cstddef>
#include <string>

#include "json/value.h"

namespace mycouch::json {

/// Strings are binaries, byte by byte (<<97,98>>), objects {[{Name,Value}]}. What would be longer than
/// `limit` bytes is cut somewhere behind them.
std::string erlang_term(const Value& value, std::size_t limit = 2000);

}  // namespace mycouch::json
