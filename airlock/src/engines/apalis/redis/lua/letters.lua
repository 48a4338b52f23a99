-- ARGV: how many bytes to return at most, but for the first, and then for each wanted letter the queue's number and
-- the id. Returns how many were looked at, and of each that is dead: the queue's number, the id, the body or false where
-- Redis has removed it, the result, the attempts, and since when.
local budget = tonumber(ARGV[1])
local bytes, looked_at, found = 0, 0, {}
for first = 2, #ARGV, 2 do
  local number, id = unpack(ARGV, first, first + 1)
  local queue = queues[number + 1]
  bytes = bytes + redis.call("HSTRLEN", queue.data, id)
  if bytes > budget and looked_at > 0 then
    break
  end
  looked_at = looked_at + 1
  if redis.call("SISMEMBER", queue.dead, id) == 1 then
    local body = redis.call("HGET", queue.data, id)
    local meta = redis.call("HMGET", meta_of(queue, id), "result", "attempts", "done_at")
    if body or meta[3] then
      found[#found + 1] = {
        tonumber(number), id, body, meta[1] or "", tonumber(meta[2] or "") or 0, meta[3] or ""
      }
    end
  end
end
return { looked_at, found }
