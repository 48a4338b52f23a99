-- Begins every script. KEYS has, for one queue after another, the names that apalis-redis' `Config`
-- gives to its parts.
local PARTS = {
  "active", "data", "meta", "scheduled", "signal", "idempotency", "workers", "inflight", "dead"
}

local queues = {}
for number = 1, #KEYS / #PARTS do
  queues[number] = {}
  for place, part in ipairs(PARTS) do
    queues[number][part] = KEYS[#PARTS * (number - 1) + place]
  end
end

-- The server's clock, because the workers' clocks may differ.
local clock = redis.call("TIME")
local now = clock[1] + clock[2] / 1000000

local function meta_of(queue, id)
  return queue.meta .. ":" .. id
end

local function inflight_of(queue, worker)
  return queue.inflight .. ":" .. worker
end

local function metadata_of(queue, worker)
  return queue.workers .. ":metadata:" .. worker
end

-- Lua's stack holds about 8,000 values: more in one call is "too many results to unpack".
local function in_pieces(command, key, values)
  for first = 1, #values, 1000 do
    redis.call(command, key, unpack(values, first, math.min(first + 999, #values)))
  end
end

-- Wakes idle workers, as apalis does.
local function announce(queue)
  redis.call("DEL", queue.signal)
  redis.call("LPUSH", queue.signal, 1)
  redis.call("PUBLISH", "tasks:" .. queue.active .. ":available", "")
end

-- Puts messages back to where they were taken from: the first of them is the next one again.
local function put_back(queue, ids)
  local reversed = {}
  for place = #ids, 1, -1 do
    local meta = meta_of(queue, ids[place])
    redis.call("HDEL", meta, "locked_at", "locked_by", "taken_at")
    redis.call("HSET", meta, "status", "Pending")
    reversed[#reversed + 1] = ids[place]
  end
  if #reversed > 0 then
    in_pieces("LPUSH", queue.active, reversed)
    announce(queue)
  end
end

-- Removes a worker; what it holds is put back for others. Ids sort by the time of their flush.
local function dismiss(queue, worker)
  local inflight = inflight_of(queue, worker)
  local ids = redis.call("SMEMBERS", inflight)
  table.sort(ids)
  for _, id in ipairs(ids) do
    redis.call("HSET", meta_of(queue, id), "interrupted", 1)
  end
  put_back(queue, ids)
  redis.call("DEL", inflight, metadata_of(queue, worker))
  redis.call("ZREM", queue.workers, worker)
end

local function name_of(queue, key)
  return queue.idempotency .. ":" .. key
end

-- The name of a message's unique key, if it has one. apalis writes an empty key for none, so an empty key of
-- ours is marked.
local function key_of(queue, id)
  local values = redis.call("HMGET", meta_of(queue, id), "idempotency_key", "keyed")
  if values[1] and (values[1] ~= "" or values[2]) then
    return name_of(queue, values[1])
  end
end

-- Releases the message's unique key.
local function free_key(queue, id)
  local name = key_of(queue, id)
  if name and redis.call("GET", name) == id then
    redis.call("DEL", name)
  end
end

local function forget(queue, id)
  free_key(queue, id)
  redis.call("HDEL", queue.data, id)
  redis.call("DEL", meta_of(queue, id))
end
