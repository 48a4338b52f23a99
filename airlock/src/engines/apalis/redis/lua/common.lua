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

-- Whether a delivery is still the worker's. The message may have been taken over, and may have come back since.
local function is_held(queue, worker, id, taken_at)
  return redis.call("HGET", meta_of(queue, id), "taken_at") == taken_at
    and redis.call("SISMEMBER", inflight_of(queue, worker), id) == 1
end

-- Lua's stack holds about 8,000 values: more in one call is "too many results to unpack".
local function in_pieces(command, key, values)
  for first = 1, #values, 1000 do
    redis.call(command, key, unpack(values, first, math.min(first + 999, #values)))
  end
end

-- Redis does not undo what a script did before an error: what follows a message is written before the message is
-- removed from where it was. What comes after the first write is tried here, where there is nothing to change: a
-- key of another type, or a command that the user may not call, is an error while everything is in its place.
-- Once something was removed, Redis allows writes also where its memory is full.
local function try(queue, worker)
  redis.call("SREM", inflight_of(queue, worker), "")
  redis.call("SREM", queue.dead, "")
  redis.call("ZREM", queue.workers, "")
  redis.call("ZREM", queue.scheduled, "")
  redis.call("LTRIM", queue.active, 0, -1)
  redis.call("HDEL", queue.data, "")
  redis.call("HDEL", meta_of(queue, ""), "")
  redis.call("DEL", meta_of(queue, ""))
end

-- Wakes idle workers, as apalis does. Those that it can't wake look by themselves.
local function announce(queue)
  redis.pcall("DEL", queue.signal)
  redis.pcall("LPUSH", queue.signal, 1)
  redis.pcall("PUBLISH", "tasks:" .. queue.active .. ":available", "")
end

-- Puts messages back to where they were taken from: the first of them is the next one again. They are removed
-- from where they are after that.
local function put_back(queue, ids)
  local reversed = {}
  for place = #ids, 1, -1 do
    redis.call("HSET", meta_of(queue, ids[place]), "status", "Pending")
    reversed[#reversed + 1] = ids[place]
  end
  if #reversed == 0 then
    return
  end
  in_pieces("LPUSH", queue.active, reversed)
  for _, id in ipairs(ids) do
    redis.call("HDEL", meta_of(queue, id), "locked_at", "locked_by", "taken_at")
  end
  announce(queue)
end

-- Removes a worker; what it holds is put back for others, with whether it had begun in a lost worker. Ids sort by the
-- time of their flush.
local function dismiss(queue, worker)
  local inflight = inflight_of(queue, worker)
  local ids = redis.call("SMEMBERS", inflight)
  table.sort(ids)
  for _, id in ipairs(ids) do
    local meta = meta_of(queue, id)
    if redis.call("HGET", meta, "begun_at") == redis.call("HGET", meta, "taken_at") then
      redis.call("HSET", meta, "interrupted", 1)
    elseif not redis.call("HGET", meta, "interrupted") then
      redis.call("HSET", meta, "interrupted", 0)
    end
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
  -- A key of another type is nobody's unique key.
  if name and redis.pcall("GET", name) == id then
    redis.call("DEL", name)
  end
end

local function forget(queue, id)
  free_key(queue, id)
  redis.call("HDEL", queue.data, id)
  redis.call("DEL", meta_of(queue, id))
end
