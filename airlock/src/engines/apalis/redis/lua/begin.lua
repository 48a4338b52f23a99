-- ARGV: the worker's name; then, for each message whose task has begun: the queue's number, the id, when it was
-- taken, and which attempt it is. The attempt counts from now on, also if it is never settled. Returns the places of
-- the messages that are no longer this worker's, counted from 0.
local worker = ARGV[1]
for _, queue in ipairs(queues) do
  try(queue, worker)
end
local lost = {}
for first = 2, #ARGV, 4 do
  local number, id, taken_at, attempt = unpack(ARGV, first, first + 3)
  local queue = queues[tonumber(number) + 1]
  if is_held(queue, worker, id, taken_at) then
    redis.call("HSET", meta_of(queue, id), "attempts", attempt, "begun_at", taken_at)
  else
    lost[#lost + 1] = (first - 2) / 4
  end
end
return lost
