-- Notes which messages begin, as far as the worker still holds them. KEYS: held and begun. ARGV: their tags.
for _, tag in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[1], tag) == 1 then redis.call('SADD', KEYS[2], tag) end
end
