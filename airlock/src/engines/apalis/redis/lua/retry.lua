-- ARGV: the id of a dead letter, and its new body or "". Returns whether there was one.
local id, body = ARGV[1], ARGV[2]
for _, queue in ipairs(queues) do
  if redis.call("SREM", queue.dead, id) == 1 and redis.call("HEXISTS", queue.data, id) == 1 then
    local meta = meta_of(queue, id)
    redis.call("HDEL", meta, "result", "done_at", "interrupted")
    redis.call("HSET", meta, "attempts", 0, "status", "Pending")
    if body ~= "" then
      redis.call("HSET", queue.data, id, body)
    end
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
