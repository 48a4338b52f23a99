-- ARGV: the worker's name; then, for each message whose task has begun: the queue's number, the id, and
-- which attempt it is. The attempt counts from now on, also if it is never settled.
local worker = ARGV[1]
for first = 2, #ARGV, 3 do
  local number, id, attempt = unpack(ARGV, first, first + 2)
  local queue = queues[tonumber(number) + 1]
  if redis.call("SISMEMBER", inflight_of(queue, worker), id) == 1 then
    redis.call("HSET", meta_of(queue, id), "attempts", attempt)
  end
end
