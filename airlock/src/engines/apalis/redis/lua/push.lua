-- ARGV has, for each intent: the queue's number, the id, the envelope, when it is due or "", how
-- many attempts may be made, and "=" with its unique key or "". Returns the indices of the duplicates.
local duplicates, active, bodies, added = {}, {}, {}, {}

for number, queue in ipairs(queues) do
  active[number], bodies[number] = {}, {}
  -- A key of another type is an error, and Redis does not undo what a script did before one.
  redis.call("LLEN", queue.active)
  redis.call("LLEN", queue.signal)
  redis.call("HLEN", queue.data)
  redis.call("ZCARD", queue.scheduled)
  redis.call("SCARD", queue.dead)
end

-- A job holds its key until it has ended. apalis' own workers don't release the key, so the holder's status
-- is looked at as well.
local function take_key(queue, key, id)
  local name = name_of(queue, key)
  local holder = redis.call("GET", name)
  if holder then
    local status = redis.call("HGET", meta_of(queue, holder), "status")
    local dead = redis.call("SISMEMBER", queue.dead, holder) == 1
    if status and status ~= "Done" and not dead then
      return false
    end
  end
  redis.call("SET", name, id)
  return true
end

local function push()
  for first = 1, #ARGV, 6 do
    local number, id, envelope, due, attempts, keyed = unpack(ARGV, first, first + 5)
    number = tonumber(number)
    local queue = queues[number]
    local key = keyed ~= "" and keyed:sub(2)
    if key and not take_key(queue, key, id) then
      duplicates[#duplicates + 1] = (first - 1) / 6
    else
      added[#added + 1] = { queue = queue, id = id }
      local meta = meta_of(queue, id)
      redis.call("HSET", meta, "attempts", 0, "max_attempts", attempts, "status", "Pending")
      if key then
        redis.call("HSET", meta, "idempotency_key", key)
      end
      if key == "" then
        redis.call("HSET", meta, "keyed", 1)
      end
      local pairs_of_queue = bodies[number]
      pairs_of_queue[#pairs_of_queue + 1] = id
      pairs_of_queue[#pairs_of_queue + 1] = envelope
      if due ~= "" and tonumber(due) > now then
        redis.call("ZADD", queue.scheduled, due, id)
      else
        table.insert(active[number], id)
      end
    end
  end

  for number, queue in ipairs(queues) do
    in_pieces("HSET", queue.data, bodies[number])
    if #active[number] > 0 then
      in_pieces("RPUSH", queue.active, active[number])
      announce(queue)
    end
  end
end

-- Where the user may not call one of the commands, nothing of the batch is left: a unique key, for one, would keep
-- out what is sent again.
local pushed, said = pcall(push)
if not pushed then
  for _, one in ipairs(added) do
    redis.pcall("ZREM", one.queue.scheduled, one.id)
    pcall(forget, one.queue, one.id)
  end
  error(said)
end
return duplicates
