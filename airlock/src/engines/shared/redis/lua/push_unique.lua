-- ARGV has, for each message: its list, id, body, unique key, and the key's expiry in milliseconds. Returns
-- the indices of the duplicates, those of the messages that failed, and the error of one of these. A message
-- that can't be pushed fails alone: Redis doesn't undo what a script has done before an error.
local duplicates, failed, failure = {}, {}, ''
for i = 1, #ARGV, 5 do
  local list, id, body, unique, expiry = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local index = (i - 1) / 5
  if not redis.call('SET', unique, id, 'NX', 'PX', expiry) then
    duplicates[#duplicates + 1] = index
  else
    local pushed = push(list, id, body)
    if type(pushed) == 'table' and pushed.err then
      local freed = redis.pcall('DEL', unique)
      -- A user who may not remove it may set it.
      if type(freed) == 'table' then redis.call('SET', unique, id, 'PX', 1) end
      failed[#failed + 1] = index
      failure = pushed.err
    end
  end
end
return { duplicates, failed, failure }
