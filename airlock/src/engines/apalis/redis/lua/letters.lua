-- ARGV: how many to return at most, and the id of the only one wanted or "". Returns of each, the
-- oldest first: the queue's number, the id, the body, the result, the attempts, and since when.
local at_most, wanted = tonumber(ARGV[1]), ARGV[2]
local letters = {}

for number, queue in ipairs(queues) do
  local ids
  if wanted == "" then
    ids = redis.call("SMEMBERS", queue.dead)
  elseif redis.call("SISMEMBER", queue.dead, wanted) == 1 then
    ids = { wanted }
  else
    ids = {}
  end
  for _, id in ipairs(ids) do
    local since = tonumber(redis.call("HGET", meta_of(queue, id), "done_at") or "") or 0
    letters[#letters + 1] = { number = number, id = id, since = since }
  end
end

table.sort(letters, function(one, other)
  if one.since == other.since then
    return one.id < other.id
  end
  return one.since < other.since
end)

local found = {}
for _, letter in ipairs(letters) do
  if #found == at_most then
    break
  end
  local queue = queues[letter.number]
  local body = redis.call("HGET", queue.data, letter.id)
  -- apalis' vacuum removes dead jobs, and leaves their ids.
  if body then
    local meta = redis.call("HMGET", meta_of(queue, letter.id), "result", "attempts")
    found[#found + 1] = {
      letter.number - 1, letter.id, body, meta[1] or "", tonumber(meta[2] or "") or 0,
      string.format("%.6f", letter.since)
    }
  end
end
return found
