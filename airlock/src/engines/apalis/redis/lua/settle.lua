-- ARGV: the worker's name; then, for each message: the queue's number, the id, when it was taken,
-- what became of it, the attempts made, after how many seconds to try again, and the result or "".
local worker = ARGV[1]
local returned = {}
for number in ipairs(queues) do
  returned[number] = {}
end

for first = 2, #ARGV, 7 do
  local number, id, taken_at, kind, attempts, after, result = unpack(ARGV, first, first + 6)
  number = tonumber(number) + 1
  local queue = queues[number]
  local meta = meta_of(queue, id)
  -- Another worker may have taken the message over. Or it is settled already, because the answer was lost
  -- and the worker repeats the call: then it is gone, or this worker has received it once more.
  if redis.call("HGET", meta, "taken_at") == taken_at
    and redis.call("SREM", inflight_of(queue, worker), id) == 1
  then
    if kind == "done" then
      forget(queue, id)
    elseif kind == "dead" then
      free_key(queue, id)
      redis.call("HDEL", meta, "locked_at", "locked_by", "taken_at", "interrupted")
      redis.call("HSET", meta, "status", "Killed", "attempts", attempts, "result", result, "done_at", now)
      redis.call("SADD", queue.dead, id)
    elseif kind == "retry" then
      redis.call("HDEL", meta, "locked_at", "locked_by", "taken_at", "interrupted")
      -- Not "Failed", which is what apalis writes: its vacuum would remove the job before the retry.
      redis.call("HSET", meta, "status", "Pending", "attempts", attempts)
      if result ~= "" then
        redis.call("HSET", meta, "result", result)
      end
      redis.call("ZADD", queue.scheduled, now + tonumber(after), id)
    else
      redis.call("HSET", meta, "attempts", attempts)
      table.insert(returned[number], id)
    end
  end
end

for number, queue in ipairs(queues) do
  put_back(queue, returned[number])
end
