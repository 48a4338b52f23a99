-- ARGV: the worker's name, after how many seconds without a heartbeat it is lost, and the ids that it knows
-- that it holds. This is the heartbeat. It also puts back what the worker was given in an answer that it has
-- never received, and takes over what lost workers held.
local worker, lost_after = ARGV[1], ARGV[2]
local known = {}
for place = 3, #ARGV do
  known[ARGV[place]] = true
end

for _, queue in ipairs(queues) do
  redis.call("ZADD", queue.workers, math.floor(now), worker)
  redis.call("ZADD", "core:apalis:queues:list", "GT", math.floor(now), queue.workers)
  redis.call(
    "HSET", metadata_of(queue, worker), "backend_name", "RedisStorage", "service", "airlock",
    "lost_after", lost_after
  )

  local not_received = {}
  for _, id in ipairs(redis.call("SMEMBERS", inflight_of(queue, worker))) do
    if not known[id] then
      not_received[#not_received + 1] = id
    end
  end
  table.sort(not_received)
  in_pieces("SREM", inflight_of(queue, worker), not_received)
  put_back(queue, not_received)

  local seen = redis.call("ZRANGE", queue.workers, 0, -1, "WITHSCORES")
  for place = 1, #seen, 2 do
    local other, last = seen[place], tonumber(seen[place + 1])
    -- apalis' own workers don't write when they are lost; by default it is after 300 seconds.
    local own = redis.call("HGET", metadata_of(queue, other), "lost_after")
    if other ~= worker and last + (tonumber(own or "") or 300) < now then
      dismiss(queue, other)
    end
  end
end
