-- ARGV: the worker's name, after how many seconds without a heartbeat it is lost, whether it knows what it holds, which is 0
-- while an answer with messages may be on its way, and the ids that it holds, each with when it was taken. This is the
-- heartbeat. It also puts back what the worker was given in an answer that it has never received, and takes over what lost
-- workers held.
local worker, lost_after, knows = ARGV[1], ARGV[2], ARGV[3] == "1"
local known = {}
for place = 4, #ARGV, 2 do
  known[ARGV[place] .. " " .. ARGV[place + 1]] = true
end

-- After how many seconds another worker is lost. Ours write it; apalis' own are by default after 300.
local function lost_after_of(queue, other)
  local own = redis.call("HGET", metadata_of(queue, other), "lost_after")
  return tonumber(own or "")
end

-- The first heartbeat after an outage renews everybody's lease: where none of our workers has sent a heartbeat for half
-- of the time after which one is lost, the others could not, and get the time to say that they live. The clock may have
-- been set back as well. apalis' times are in whole seconds: between two heartbeats in time there may seem to be one more.
local function renew_after_outage(queue)
  local seen = redis.call("ZRANGE", queue.workers, 0, -1, "WITHSCORES")
  local last
  for place = 1, #seen, 2 do
    if lost_after_of(queue, seen[place]) then
      last = math.max(last or 0, tonumber(seen[place + 1]))
    end
  end
  for place = 1, last and #seen or 0, 2 do
    local longest_silence = math.ceil((lost_after_of(queue, seen[place]) or 300) / 2)
    if math.floor(now) - last > longest_silence or last > now + 1 then
      redis.call("ZADD", queue.workers, math.floor(now), seen[place])
    end
  end
end

for _, queue in ipairs(queues) do
  try(queue, worker)
  renew_after_outage(queue)
  redis.call("ZADD", queue.workers, math.floor(now), worker)
  redis.call("ZADD", "core:apalis:queues:list", "GT", math.floor(now), queue.workers)
  redis.call(
    "HSET", metadata_of(queue, worker), "backend_name", "RedisStorage", "service", "airlock",
    "lost_after", lost_after
  )

  local not_received = {}
  for _, id in ipairs(knows and redis.call("SMEMBERS", inflight_of(queue, worker)) or {}) do
    local taken_at = redis.call("HGET", meta_of(queue, id), "taken_at") or ""
    if not known[id .. " " .. taken_at] then
      not_received[#not_received + 1] = id
    end
  end
  table.sort(not_received)
  put_back(queue, not_received)
  in_pieces("SREM", inflight_of(queue, worker), not_received)

  local seen = redis.call("ZRANGE", queue.workers, 0, -1, "WITHSCORES")
  for place = 1, #seen, 2 do
    local other, last = seen[place], tonumber(seen[place + 1])
    if other ~= worker and last + (lost_after_of(queue, other) or 300) < now then
      dismiss(queue, other)
    end
  end
end
