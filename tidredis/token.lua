-- The token of many processes, and the lock of the one that exchanges.
--
-- KEYS: the token, the lock, the refusal of the secret.

local what = ARGV[1]
local token = redis.call('GET', KEYS[1]) or ''

-- read: the token, the milliseconds that it is good for, and the refusal
if what == 'read' then
  return {token, redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[3]) or ''}
end

-- lock owner seen milliseconds: whether the owner may exchange, since the token is still the
-- one that it has seen and nobody else does
if what == 'lock' then
  if token ~= ARGV[3] then return {0} end
  if redis.call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[4]) then return {1} end
  return {redis.call('GET', KEYS[2]) == ARGV[2] and 1 or 0}
end

if redis.call('GET', KEYS[2]) ~= ARGV[2] then return {0} end
if what == 'renew' then -- renew owner milliseconds
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
elseif what == 'release' then -- release owner refusal milliseconds: the refusal is '' if there is none
  if ARGV[3] ~= '' then redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4]) end
  redis.call('DEL', KEYS[2])
elseif what == 'store' then -- store owner token milliseconds
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
  redis.call('DEL', KEYS[2])
end
return {1}
