-- Each request of wrk is a PUT of a new document: wrk … -s put.lua URL/database -- PREFIX BODY
-- PREFIX is new in each run; every thread adds its own number.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

function init(arguments)
  path = wrk.path .. "/" .. arguments[1] .. "-" .. number .. "-"
  wrk.headers["Content-Type"] = "application/json"
  body = arguments[2]
  count = 0
end

function request()
  count = count + 1
  return wrk.format("PUT", path .. count, nil, body)
end
