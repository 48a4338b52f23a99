-- ARGV: the id of a dead letter. Returns whether there was one.
local id = ARGV[1]
for _, queue in ipairs(queues) do
  if redis.call("SREM", queue.dead, id) == 1 and redis.call("HEXISTS", queue.data, id) == 1 then
    local meta = meta_of(queue, id)
    redis.call("HDEL", meta, "result", "done_at", "interrupted")
    redis.call("HSET", meta, "attempts", 0, "status", "Pending")
    local name = key_of(queue, id)
    if name then
      redis.call("SET", name, id, "NX")
    end
    redis.call("RPUSH", queue.active, id)
    announce(queue)
    return true
  end
end
return false
