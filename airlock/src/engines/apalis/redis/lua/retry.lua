-- ARGV: the id of a dead letter, and its new body or "". Returns whether there was one.
local id, body = ARGV[1], ARGV[2]
for _, queue in ipairs(queues) do
  local is_dead = redis.call("SISMEMBER", queue.dead, id) == 1
  if is_dead and redis.call("HEXISTS", queue.data, id) == 1 then
    try(queue, "")
    local meta = meta_of(queue, id)
    redis.call("HSET", meta, "attempts", 0, "status", "Pending")
    redis.call("HDEL", meta, "result", "done_at", "interrupted")
    if body ~= "" then
      redis.call("HSET", queue.data, id, body)
    end
    local name = key_of(queue, id)
    if name then
      redis.call("SET", name, id, "NX")
    end
    redis.call("RPUSH", queue.active, id)
    redis.call("SREM", queue.dead, id)
    announce(queue)
    return true
  end
end
return false
