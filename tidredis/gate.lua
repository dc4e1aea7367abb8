-- The gate of many processes: four slots, a margin, a pause, and a queue.
--
-- KEYS: the gate (a hash), the queue (a sorted set), the waiters (a hash).
-- All times are microseconds of Redis' own clock, and what processes measure comes as the
-- time since they asked for the permit, which is never less than the time since it was
-- granted. So the clocks of their machines do not matter.
--
-- A slot is "permit granted hold sent answered". A request may be sent until hold; sent and
-- answered are 0 while they are not known.

local SECOND = 1000000
local INITIAL_MARGIN, MIN_MARGIN, MAX_MARGIN = 30000, 10000, SECOND
local GROWTH, DECAY = 1.5, 0.9995
local GRACE = 50000        -- how much later than announced a waiter may ask and keep its turn
local DEAD = 2 * SECOND    -- after which a waiter that does not ask is taken out
local LONGEST = 5 * SECOND -- between two questions of a waiter
local FRONT = 32           -- how many waiters are looked at
local NORMAL = 1e12        -- added to the place of a waiter that is not urgent
local DAY = 86400000

local clock = redis.call('TIME')
local now = clock[1] * SECOND + clock[2]

local function int(n) return string.format('%.0f', n) end

local function parse(text)
  if not text then return nil end
  local id, granted, hold, sent, answered = string.match(text, '^(%S+) (%d+) (%d+) (%d+) (%d+)$')
  return {id = id, granted = tonumber(granted), hold = tonumber(hold), sent = tonumber(sent), answered = tonumber(answered)}
end

local g = redis.call('HMGET', KEYS[1], 'margin', 'paused', 'run', '1', '2', '3', '4', 'pause')
local margin, paused, run, length = tonumber(g[1] or INITIAL_MARGIN), tonumber(g[2] or 0), g[3], tonumber(g[8] or 0)
paused = math.min(paused, now + length) -- it would be longer only if the clock has gone back
local slots = {parse(g[4]), parse(g[5]), parse(g[6]), parse(g[7])}

local function keep(i)
  local s = slots[i]
  if s then
    redis.call('HSET', KEYS[1], i, table.concat({s.id, int(s.granted), int(s.hold), int(s.sent), int(s.answered)}, ' '))
  else
    redis.call('HDEL', KEYS[1], i)
  end
end

local function expire()
  redis.call('PEXPIRE', KEYS[1], int(DAY + math.max(0, paused - now) / 1000))
  redis.call('PEXPIRE', KEYS[2], DAY)
  redis.call('PEXPIRE', KEYS[3], DAY)
end

-- when a slot is free again: a second after the answer, or a second and the margin after
-- sending if that is earlier; at the latest if nothing has been heard of the request
local function free_at(s)
  if not s then return 0 end
  if s.sent == 0 then
    if s.answered > 0 then return s.answered + SECOND end
    return s.hold + SECOND + margin
  end
  local at = s.sent + SECOND + margin
  if s.answered > 0 then at = math.min(at, s.answered + SECOND) end
  return at
end

-- when it may be free, as soon as something is heard of its request: an answer may come soon,
-- and then the margin does not matter
local function likely(s)
  if s and s.answered == 0 then
    local at = math.min(math.max(s.granted, s.sent) + margin, now + GRACE) + SECOND
    return math.min(math.max(at, now + GRACE), free_at(s))
  end
  return free_at(s)
end

local function leave(member)
  redis.call('ZREM', KEYS[2], member)
  redis.call('HDEL', KEYS[3], member)
end

-- whether a waiter that was to ask at this time has died, or the clock has gone back
local function died(asks) return now > asks + DEAD or asks > now + LONGEST end

-- what was granted before is not known if the gate is new, if this is not the server that
-- kept it, or if the clock has gone back: then it is as if four requests were sent at the last
-- moment
local function restart(hold)
  local info = redis.pcall('INFO', 'server')
  local this = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or '-'
  local known = run == this
  for i = 1, 4 do
    if slots[i] and slots[i].granted > now then known = false end
  end
  if known then return end
  redis.call('DEL', KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[1], 'run', this, 'margin', int(margin), 'paused', int(paused), 'pause', int(length))
  for i = 1, 4 do
    slots[i] = {id = '-', granted = now, hold = now + hold, sent = now + hold, answered = 0}
    keep(i)
  end
end

-- take member permit hold budget urgent: {1, slots in use, waiters} with a permit,
-- {0, microseconds} after which to ask again, {2, microseconds} if the turn would take longer
-- than the budget, which is -1 if there is none
local function take(member, permit, hold, budget, urgent)
  restart(hold)
  local score = redis.call('ZSCORE', KEYS[2], member)
  local place = tonumber(score or redis.call('HINCRBY', KEYS[1], 'seq', 1) + (urgent and 0 or NORMAL))

  local ahead = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. int(place))
  if ahead <= FRONT then ahead = 0 end -- they are counted one by one
  local near = ahead == 0
  local front = redis.call('ZRANGE', KEYS[2], 0, FRONT - 1, 'WITHSCORES')
  for i = 1, #front, 2 do
    local other = front[i]
    local asks = tonumber(string.match(redis.call('HGET', KEYS[3], other) or '0', '^%d+'))
    if died(asks) then
      leave(other)
    elseif near and tonumber(front[i + 1]) < place and now <= asks + GRACE then
      ahead = ahead + 1
    end
  end

  local times, free, first, given = {}, 0, nil, false
  for i = 1, 4 do
    local s = slots[i]
    given = given or s and s.id == permit -- the answer to this command was lost, and it is asked again
    local at = math.max(free_at(s), paused)
    if at <= now then
      free = free + 1
      if not first or free_at(s) < free_at(slots[first]) then first = i end
    end
    times[i] = math.max(likely(s), paused, now)
  end

  expire()
  if not given and near and free > ahead then
    slots[first] = {id = permit, granted = now, hold = now + hold, sent = 0, answered = 0}
    keep(first)
    given, free = true, free - 1
  end
  if given then
    leave(member)
    return {1, 4 - free, redis.call('ZCARD', KEYS[2])}
  end

  table.sort(times)
  local wait = math.max(times[ahead % 4 + 1] + math.floor(ahead / 4) * SECOND - now, 1000)
  if budget >= 0 and wait > budget then
    leave(member)
    return {2, int(wait)}
  end
  wait = math.min(wait, LONGEST)
  redis.call('ZADD', KEYS[2], int(place), member)
  local joined = string.match(redis.call('HGET', KEYS[3], member) or '', ' (%d+)$') or int(now)
  redis.call('HSET', KEYS[3], member, int(now + wait) .. ' ' .. joined)
  return {0, int(wait)}
end

-- report permit sent answered outcome pause: sent and answered are times since the permit
-- was asked for, -1 if not known; returns whether the gate knows the permit
local function report(permit, sent, answered, outcome, pause)
  local known = 0
  for i = 1, 4 do
    local s = slots[i]
    if s and s.id == permit then
      known = 1
      if sent >= 0 then s.sent = s.granted + sent end
      if answered >= 0 then s.answered = s.granted + answered end
      if outcome == 'unsent' then slots[i] = nil end
      keep(i)
    end
  end
  if outcome == 'refused' then
    if now >= paused then margin = math.min(margin * GROWTH, MAX_MARGIN) end -- requests that are refused together count once
    if now + pause > paused then paused, length = now + pause, pause end
    redis.call('HSET', KEYS[1], 'margin', int(margin), 'paused', int(paused), 'pause', int(length))
  elseif outcome == 'answered' then
    redis.call('HSET', KEYS[1], 'margin', int(math.max(margin * DECAY, MIN_MARGIN)))
  end
  expire()
  return known
end

-- hold permit hold: lets a request be sent later, since its connection is not up yet
local function hold(permit, longer)
  for i = 1, 4 do
    local s = slots[i]
    if s and s.id == permit then
      s.hold = now + longer
      keep(i)
      return 1
    end
  end
  return 0
end

-- look: {margin, pause that is left, slots in use, waiters}: a slot is "permit since sent
-- answered", a waiter "member since"
local function look()
  local used, waiting = {}, {}
  for i = 1, 4 do
    local s = slots[i]
    if s and free_at(s) > now then
      used[#used + 1] = table.concat({s.id, int(now - s.granted), s.sent > 0 and 1 or 0, s.answered > 0 and 1 or 0}, ' ')
    end
  end
  for _, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    local asks, joined = string.match(redis.call('HGET', KEYS[3], member) or '0 0', '^(%d+) (%d+)$')
    if not died(tonumber(asks)) then waiting[#waiting + 1] = member .. ' ' .. int(now - joined) end
  end
  return {int(tonumber(g[1] or 0)), int(math.max(paused - now, 0)), used, waiting}
end

local what = ARGV[1]
if what == 'take' then
  return take(ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6] == '1')
elseif what == 'report' then
  return {report(ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]))}
elseif what == 'hold' then
  return {hold(ARGV[2], tonumber(ARGV[3]))}
elseif what == 'leave' then
  leave(ARGV[2])
  return {1}
elseif what == 'look' then
  return look()
end
