-- ARGV: the worker's name, and how many messages it has room for, at most 1,000. Returns the number
-- of the queue, the id, the attempts made, the body, what became of its worker, and when it was taken, of each message.
-- Its worker was lost where that is 1; it only waited there where it is 0.
local worker, room = ARGV[1], tonumber(ARGV[2])
local taken = {}
-- Tells one delivery from another; apalis' own time is in whole seconds.
local taken_at = string.format("%.6f", now)

for number, queue in ipairs(queues) do
  try(queue, worker)
  -- No heartbeat, but others have to find what a worker holds that was dismissed meanwhile.
  redis.call("ZADD", queue.workers, "NX", math.floor(now), worker)

  local due = redis.call("ZRANGEBYSCORE", queue.scheduled, "-inf", now, "LIMIT", 0, 1000)
  if #due > 0 then
    redis.call("RPUSH", queue.active, unpack(due))
    redis.call("ZREM", queue.scheduled, unpack(due))
  end

  local ids = {}
  if room > 0 then
    ids = redis.call("LRANGE", queue.active, 0, room - 1)
  end
  if #ids > 0 then
    local bodies = redis.call("HMGET", queue.data, unpack(ids))
    for place, id in ipairs(ids) do
      local meta = meta_of(queue, id)
      local values = redis.call("HMGET", meta, "attempts", "interrupted")
      local attempts = tonumber(values[1] or 0) or 0
      redis.call("HSET", meta, "status", "Running", "locked_at", math.floor(now), "locked_by", worker, "taken_at", taken_at)
      if not bodies[place] then
        -- For the dead letter that it becomes.
        redis.call("HSET", queue.data, id, "")
      end
      taken[#taken + 1] = { number - 1, id, attempts, bodies[place] or "", values[2] or "", taken_at }
    end
    redis.call("SADD", inflight_of(queue, worker), unpack(ids))
    redis.call("LTRIM", queue.active, #ids, -1)
    room = room - #ids
  end

  if redis.call("EXISTS", queue.active) == 0 then
    redis.call("DEL", queue.signal)
  end
end
return taken
