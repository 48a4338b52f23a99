-- Dramatiq's layout for `shared/redis/lua/push_unique.lua`: returns an error as a value. The message comes
-- first, because a worker that sees its id looks for it.
local function push(list, id, body)
  local kept = redis.pcall('HSET', list .. '.msgs', id, body)
  if type(kept) == 'table' and kept.err then
    return kept
  end
  local pushed = redis.pcall('RPUSH', list, id)
  if type(pushed) == 'table' and pushed.err then
    redis.pcall('HDEL', list .. '.msgs', id)
  end
  return pushed
end
