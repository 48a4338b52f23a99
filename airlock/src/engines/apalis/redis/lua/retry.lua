-- ARGV: the id of a dead letter, and its new body or "". Returns whether there was one; -1 where Redis has removed its
-- body. Where it can't be put into its queue it stays what it was: its reason too goes after that.
local id, body = ARGV[1], ARGV[2]
for _, queue in ipairs(queues) do
  if redis.call("SISMEMBER", queue.dead, id) == 1 then
    if redis.call("HEXISTS", queue.data, id) == 0 then
      return -1
    end
    try(queue, "")
    local meta = meta_of(queue, id)
    redis.call("HSET", meta, "status", "Pending")
    if body ~= "" then
      redis.call("HSET", queue.data, id, body)
    end
    local name = key_of(queue, id)
    if name then
      redis.call("SET", name, id, "NX")
    end
    redis.call("RPUSH", queue.active, id)
    redis.call("HSET", meta, "attempts", 0)
    redis.call("HDEL", meta, "result", "done_at", "interrupted")
    redis.call("SREM", queue.dead, id)
    announce(queue)
    return 1
  end
end
return 0
