-- Returns the ids of dead letters, the oldest first, each with the letter. KEYS: dead letters and since when
-- they are. ARGV: how many at most.
local found = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[1] - 1)) do
  local kept = redis.call('HGET', KEYS[1], id)
  if kept then found[#found + 1] = { id, kept } end
end
return found
