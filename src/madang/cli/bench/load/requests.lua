-- What wrk sends, one function per scenario. Arguments: scenario, path of entity.json, number of stations,
-- stations with history, values of each, seed, path for the first answer ("" to read no answer), address of another
-- @context. Every thread
-- has its own numbers, so no two requests create the same entity.
-- The generator shares the machine with what it measures, so requests are made before the load and only handed
-- out during it; a created station has its own id, put between two halves that are ready.

local JSON = { ["Content-Type"] = "application/json" }
local ENTITIES = "/ngsi-ld/v1/entities"
local OPERATIONS = "/ngsi-ld/v1/entityOperations"
local TEMPORAL = "/ngsi-ld/v1/temporal/entities"
local PREFIX = "urn:ngsi-ld:AirQualityObserved:bench:"
local COLUMNS, WEST, SOUTH, STEP_EAST, STEP_NORTH = 100, 127.0, 37.5, 0.00113, 0.00099
local EPOCH = 1772323200 -- 2026-03-01T00:00:00Z, as in entities.py

local READY, READY_OF_100 = 4096, 256 -- requests made beforehand; of those that carry 100 stations each

local threads = 0
local random = math.random
local shape, stations, with_history, values, context

function setup(thread)
  thread:set("thread_number", threads)
  threads = threads + 1
end

local function moment(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", EPOCH + seconds)
end

local function reading()
  return random() * 100
end

-- A station with fresh readings; `row` may lie outside the grid.
local function station(id, number, row)
  local time = moment(random(1, 86400))
  local column = number % COLUMNS
  return shape:format(
    id, reading(), time, reading(), time, reading(), time, reading(), time, reading(), time, reading(), time,
    reading(), time, number % 25, time, WEST + column * STEP_EAST, SOUTH + row * STEP_NORTH, number)
end

local function some_id()
  return PREFIX .. "grid:" .. random(0, stations - 1)
end

local function property(name)
  return ('"%s":{"type":"Property","value":%.2f,"unitCode":"GQ","observedAt":"%s"}'):format(
    name, reading(), moment(random(1, 86400)))
end

local function patch(...)
  local members = {}
  for position, name in ipairs({ ... }) do
    members[position] = property(name)
  end
  return wrk.format("PATCH", ENTITIES .. "/" .. some_id() .. "/attrs", JSON, "{" .. table.concat(members, ",") .. "}")
end

local function upsert(position)
  local start, body = position % math.floor(stations / 100) * 100, {}
  for offset = 0, 99 do
    local number = start + offset
    body[offset + 1] = station(PREFIX .. "grid:" .. number, number, math.floor(number / COLUMNS))
  end
  return wrk.format("POST", OPERATIONS .. "/upsert", JSON, "[" .. table.concat(body, ",") .. "]")
end

local requests = {}

function requests.constant()
  return wrk.format("GET", "/")
end

local MARK = "0000000000" -- of the length of a created station's number

function requests.create(position)
  local id = ("%snew:%s-%d-%s"):format(PREFIX, wrk.seed, thread_number, MARK)
  return wrk.format("POST", ENTITIES, JSON, station(id, position, COLUMNS + 50 + thread_number))
end

function requests.retrieve()
  return wrk.format("GET", ENTITIES .. "/" .. some_id())
end

function requests.type()
  return wrk.format("GET", ENTITIES .. "?type=AirQualityObserved&limit=100")
end

-- By those who see what policies say, see OPEN_CITY in processes.py.
local CITIZEN, RESEARCHER = { ["Cookie"] = "madang_role=citizen" }, { ["Cookie"] = "madang_role=researcher" }

function requests.retrieve_role()
  return wrk.format("GET", ENTITIES .. "/" .. some_id(), CITIZEN)
end

function requests.type_role()
  return wrk.format("GET", ENTITIES .. "?type=AirQualityObserved&limit=100", CITIZEN)
end

function requests.type_masked()
  return wrk.format("GET", ENTITIES .. "?type=AirQualityObserved&limit=100", RESEARCHER)
end

-- Under a @context in which the type and some attributes have other names: no bytes can be sent as they are stored.
function requests.type_context()
  local link = ('<%s>; rel="http://www.w3.org/ns/json-ld#context"'):format(context)
  return wrk.format("GET", ENTITIES .. "?type=AirStation&limit=100", { ["Link"] = link })
end

function requests.q()
  return wrk.format("GET", ("%s?type=AirQualityObserved&q=pm25%%3E%.3f&limit=100"):format(ENTITIES, 97.5 + random()))
end

function requests.q_role()
  return wrk.format(
    "GET", ("%s?type=AirQualityObserved&q=pm25%%3E%.3f&limit=100"):format(ENTITIES, 97.5 + random()), CITIZEN)
end

function requests.geo()
  local east = WEST + (3 + random() * (COLUMNS - 7)) * STEP_EAST
  local north = SOUTH + (3 + random() * (stations / COLUMNS - 7)) * STEP_NORTH
  return wrk.format("GET", ("%s?type=AirQualityObserved&georel=near%%3BmaxDistance%%3D%%3D300&geometry=Point"
    .. "&coordinates=%%5B%.6f%%2C%.6f%%5D&limit=100"):format(ENTITIES, east, north))
end

function requests.patch_one()
  return patch("pm25")
end

function requests.patch_three()
  return patch("pm25", "pm10", "no2")
end

requests.upsert_100 = upsert

function requests.temporal_append()
  local body = ('{"pm25":[{"type":"Property","value":%.2f,"unitCode":"GQ","observedAt":"%s"}]}'):format(
    reading(), moment(random(86401, 31536000)))
  return wrk.format("POST", TEMPORAL .. "/" .. some_id() .. "/attrs", JSON, body)
end

local function history_path()
  return TEMPORAL .. "/" .. PREFIX .. "grid:" .. random(0, with_history - 1)
end

-- 100 values that end at a random moment of the stored history.
function requests.temporal_retrieve()
  local last = moment(-60 * random(0, values - 101))
  return wrk.format("GET", history_path() .. "?attrs=pm25&timerel=before&lastN=100&timeAt=" .. last)
end

function requests.aggregate()
  return wrk.format("GET", history_path() .. "?attrs=pm25&options=aggregatedValues&aggrMethods=avg"
    .. "&aggrPeriodDuration=PT1H&timerel=between&timeAt=" .. moment(-60 * values) .. "&endTimeAt=" .. moment(0))
end

-- A function that hands out the requests in turn.
local function in_turn(made)
  local position, count = 0, #made
  return function()
    position = position % count + 1
    return made[position]
  end
end

-- The same, with the MARK of each replaced by a number that no other request of this thread has.
local function numbered(made)
  local heads, tails, number = {}, {}, 0
  for position, text in ipairs(made) do
    local from, to = text:find(MARK, 1, true)
    heads[position], tails[position] = text:sub(1, from - 1), text:sub(to + 1)
  end
  return function()
    number = number + 1
    local position = number % #made + 1
    return heads[position] .. ("%010d"):format(number) .. tails[position]
  end
end

function init(arguments)
  local file = assert(io.open(arguments[2]))
  shape = file:read("*a"):gsub("%s+$", "")
  file:close()
  stations, with_history, values = tonumber(arguments[3]), tonumber(arguments[4]), tonumber(arguments[5])
  wrk.seed, context = arguments[6], arguments[8]
  math.randomseed(tonumber(arguments[6]) * 1000 + thread_number)
  wrk.headers["Host"] = wrk.host .. ":" .. wrk.port
  local name, made = arguments[1], {}
  local make = assert(requests[name], "unknown scenario")
  for position = 1, name == "upsert_100" and READY_OF_100 or READY do
    made[position] = make(position)
  end
  request = name == "create" and numbered(made) or in_turn(made)
  if arguments[7] ~= "" then
    local kept = false
    response = function(status, _, body)
      if kept then return end
      local answer = assert(io.open(arguments[7], "w"))
      answer:write(status, "\n", body)
      answer:close()
      kept = true
    end
  end
end

-- The result as one line of JSON; times in microseconds.
function done(summary, latency)
  local errors = summary.errors
  io.write(("\n{\"requests\":%d,\"duration\":%d,\"p50\":%d,\"p99\":%d,\"failed\":%d,\"broken\":%d}\n"):format(
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
