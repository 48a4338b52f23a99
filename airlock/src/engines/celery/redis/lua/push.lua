-- Celery's layout for `shared/redis/lua/push_unique.lua`: returns an error as a value.
local function push(list, id, body)
  return redis.pcall('LPUSH', list, body)
end
