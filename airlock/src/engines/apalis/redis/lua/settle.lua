-- ARGV: the worker's name; then, for each message: the queue's number, the id, when it was taken,
-- what became of it, the attempts made, after how many seconds to try again, and the result or "".
-- Returns the indices of those that can't be settled, which stay with the worker, and the error of one of them; and the
-- indices of those that are no longer this worker's.
local worker = ARGV[1]
local lost = {}
local returned = {}
for number, queue in ipairs(queues) do
  try(queue, worker)
  returned[number] = {}
end

local failed, failure = {}, ""
local function fail(first, said)
  failed[#failed + 1] = (first - 2) / 7
  failure = type(said) == "table" and said.err or said
end

local function settle(first)
  local number, id, taken_at, kind, attempts, after, result = unpack(ARGV, first, first + 6)
  number = tonumber(number) + 1
  local queue = queues[number]
  local meta = meta_of(queue, id)
  local inflight = inflight_of(queue, worker)
  -- Another worker may have taken the message over. Or it is settled already, because the answer was lost
  -- and the worker repeats the call: then it is gone, or this worker has received it once more.
  if not is_held(queue, worker, id, taken_at) then
    lost[#lost + 1] = (first - 2) / 7
    return
  end
  if kind == "done" then
    forget(queue, id)
  elseif kind == "dead" then
    redis.call("HSET", meta, "status", "Killed", "attempts", attempts, "result", result, "done_at", now)
    redis.call("SADD", queue.dead, id)
    free_key(queue, id)
    redis.call("HDEL", meta, "locked_at", "locked_by", "taken_at", "begun_at", "interrupted")
  elseif kind == "retry" then
    -- Not "Failed", which is what apalis writes: its vacuum would remove the job before the retry.
    redis.call("HSET", meta, "status", "Pending", "attempts", attempts)
    if result ~= "" then
      redis.call("HSET", meta, "result", result)
    end
    redis.call("ZADD", queue.scheduled, now + tonumber(after), id)
    redis.call("HDEL", meta, "locked_at", "locked_by", "taken_at", "begun_at", "interrupted")
  else
    redis.call("HSET", meta, "attempts", attempts)
    table.insert(returned[number], { id = id, first = first })
    return
  end
  redis.call("SREM", inflight, id)
end

for first = 2, #ARGV, 7 do
  local settled, said = pcall(settle, first)
  if not settled then
    fail(first, said)
  end
end

for number, queue in ipairs(queues) do
  local ids = {}
  for place, one in ipairs(returned[number]) do
    ids[place] = one.id
  end
  local settled, said = pcall(put_back, queue, ids)
  if settled then
    in_pieces("SREM", inflight_of(queue, worker), ids)
  else
    for _, one in ipairs(returned[number]) do
      fail(one.first, said)
    end
  end
end
return { failed, failure, lost }
