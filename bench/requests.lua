-- What wrk sends. Arguments behind `--`: kind, run, first user, users, credential; the last is an
-- API key, or for fragments a file with a token a line, for one user after the other.

local EVENTS = 1000
local USE = '"actor":{"user_id":%d},"module":"chat","context_id":22,"usage":{"provider":"OpenAI",'
  .. '"model":"gpt-5","operation":"chat","data":{"input_tokens":120,"output_tokens":40}}'
local RECORD = '{' .. USE .. '}'
local EVENT = '{"idempotency_key":"%s",' .. USE .. '}'

local COMMIT = '{"usage":{"data":{"input_tokens":120,"output_tokens":40}}}'

local run, first, users
local number = 0
local tokens = {}

local function some_user()
  return first + math.random(0, users - 1)
end

local function fresh_key()
  number = number + 1
  return run .. "-" .. number
end

local held = {}

local kinds = {}

function kinds.record()
  wrk.headers["Idempotency-Key"] = fresh_key()
  return wrk.format("POST", "/v1/usage/record", nil, RECORD:format(some_user()))
end

-- A hold that stands is committed; if there is none, one is placed. Each connection asks in turn.
function kinds.holds()
  local hold = table.remove(held)
  if hold then
    return wrk.format("POST", "/v1/holds/" .. hold .. "/commit", nil, COMMIT)
  end
  wrk.headers["Idempotency-Key"] = fresh_key()
  return wrk.format("POST", "/v1/holds", nil, RECORD:format(some_user()))
end

local function keep_hold(status, _, body)
  if status == 201 then
    held[#held + 1] = body:match('"hold_id": *"([^"]+)"')
  end
end

function kinds.batch()
  local events = {}
  for at = 1, EVENTS do
    events[at] = EVENT:format(fresh_key(), some_user())
  end
  local body = '{"events":[' .. table.concat(events, ",") .. ']}'
  return wrk.format("POST", "/v1/usage/batch", nil, body)
end

function kinds.fragment()
  wrk.headers["Authorization"] = "Bearer " .. tokens[math.random(#tokens)]
  return wrk.format("GET", "/v1/fragments/token-usage")
end

function kinds.bare()
  return wrk.format("GET", "/" .. some_user())
end

function init(args)
  run, first, users = args[2], tonumber(args[3]), tonumber(args[4])
  request = kinds[args[1]]
  math.randomseed(tonumber(run, 16))
  if args[1] == "holds" then response = keep_hold end
  if args[1] == "fragment" then
    for token in io.lines(args[5]) do tokens[#tokens + 1] = token end
  else
    wrk.headers["Authorization"] = "Bearer " .. args[5]
    wrk.headers["Content-Type"] = "application/json"
  end
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\n{"answers":%d,"duration_us":%d,"refused":%d,"broken":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, failed.status,
    failed.connect + failed.read + failed.write + failed.timeout,
    latency:percentile(50), latency:percentile(99)))
end
