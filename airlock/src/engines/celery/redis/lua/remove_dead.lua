-- Removes a dead letter, and pushes the message that is to be tried again. KEYS: dead letters, since when
-- they are, and a list. ARGV: id, and the message, or nothing where the letter is removed for good. Returns
-- whether there was one.
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then return 0 end
-- As in `receive.lua`: what removes is tried first, and removes last.
redis.call('HDEL', KEYS[1], '')
redis.call('ZREM', KEYS[2], '')
if ARGV[2] then redis.call('LPUSH', KEYS[3], ARGV[2]) end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
