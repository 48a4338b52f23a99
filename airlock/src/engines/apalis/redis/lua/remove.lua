-- ARGV: the id of a dead letter. Returns whether there was one.
local id = ARGV[1]
for _, queue in ipairs(queues) do
  if redis.call("SISMEMBER", queue.dead, id) == 1 then
    forget(queue, id)
    redis.call("SREM", queue.dead, id)
    return true
  end
end
return false
