-- Removes a dead letter, and pushes the message that is to be tried again. KEYS: dead letters, since when
-- they are, their messages, and a list. ARGV: id, what is to become of its message: 'remove', 'as it is' or 'retry',
-- and for that the message. Returns whether there was one; -1 where Redis has removed the message.
local letters, since, bodies, list = unpack(KEYS)
local id, what, message = unpack(ARGV)
if redis.call('HEXISTS', letters, id) == 0 and not redis.call('ZSCORE', since, id) then return 0 end
-- As in `receive.lua`: what removes is tried first, and removes last.
redis.call('HDEL', letters, '')
redis.call('ZREM', since, '')
redis.call('HDEL', bodies, '')
if what == 'as it is' then message = redis.call('HGET', bodies, id) end
if not message then return -1 end
if what ~= 'remove' then redis.call('LPUSH', list, message) end
redis.call('HDEL', bodies, id)
redis.call('ZREM', since, id)
redis.call('HDEL', letters, id)
return 1
