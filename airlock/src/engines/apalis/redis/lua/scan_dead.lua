-- ARGV: the queue's number, a cursor of its dead jobs, and about how many to look at. Returns the next cursor, and of
-- each that there is something of: the id, and since when it is dead. apalis' vacuum removes dead jobs, and leaves their
-- ids.
local queue = queues[ARGV[1] + 1]
local answer = redis.call("SSCAN", queue.dead, ARGV[2], "COUNT", ARGV[3])
local found = {}
for _, id in ipairs(answer[2]) do
  local since = redis.call("HGET", meta_of(queue, id), "done_at")
  if since or redis.call("HEXISTS", queue.data, id) == 1 then
    found[#found + 1] = { id, since or "" }
  end
end
return { answer[1], found }
