'use strict'

// Everything that comes from requests or from the account is put into the page as text, never as HTML.

const $ = (id) => document.getElementById(id)

function element(name, properties, ...children) {
  const e = document.createElement(name)
  for (const [key, value] of Object.entries(properties || {})) {
    if (key in e) e[key] = value
    else e.setAttribute(key, value)
  }
  e.append(...children)
  return e
}

function say(text, wrong) {
  const said = $('said')
  said.textContent = text
  said.classList.toggle('wrong', Boolean(wrong))
}

const count = (n, word) => n + ' ' + word + (n === 1 ? '' : 's')

document.body.classList.add('scripted')

for (const button of document.querySelectorAll('button.copy')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    const source = $(button.dataset.copy)
    try {
      await navigator.clipboard.writeText(source.textContent)
      say('Copied.')
    } catch { // without permission, or at an address that is not of this machine
      getSelection().selectAllChildren(source)
      say('Selected: copy it with the keyboard.')
    }
  })
}

if ($('requests')) desk()
if ($('operations')) reference()

function desk() {
  const most = 200
  let paused = false
  let waiting = []
  let total = 0

  let later = 0
  function soon(f) {
    clearTimeout(later)
    later = setTimeout(f, 250)
  }

  // Requests

  const list = $('requests')
  const pause = $('pause')
  pause.hidden = false
  pause.addEventListener('click', () => {
    paused = !paused
    pause.setAttribute('aria-pressed', String(paused))
    if (!paused) {
      for (const r of waiting) show(r)
      waiting = []
    }
    connected()
  })

  function connected() {
    $('connection').textContent = paused ? 'Paused' + (waiting.length ? ', ' + waiting.length + ' waiting' : '') : 'Live'
  }

  function status(r) {
    if (r.status === 0) return ['connection broke', 'bad']
    if (r.status >= 500) return [String(r.status), 'bad']
    if (r.status >= 400) return [r.status + (r.rateLimited ? ' rate limit' : ''), 'odd']
    return [String(r.status), '']
  }

  function took(ms) {
    return ms >= 1000 ? (ms / 1000).toFixed(1) + ' s' : ms < 1 ? '<1 ms' : ms.toFixed(0) + ' ms'
  }

  function body(title, b) {
    if (!b.size) return []
    let text = b.text
    if (!b.cut) {
      try { text = pretty(b.text) } catch { /* no JSON: as it is */ }
    }
    const size = b.size + ' bytes' + (b.kind ? ', ' + b.kind : '') + (b.cut && b.text ? ', the beginning of it' : '')
    const parts = [element('h3', {}, title), element('p', { className: 'quiet' }, size)]
    if (text) parts.push(element('pre', { tabIndex: 0, ariaLabel: title }, text))
    return parts
  }

  function details(r) {
    const facts = []
    if (r.operation) facts.push(element('a', { href: '/sandbox/reference#' + encodeURIComponent(r.operation) }, r.operation))
    else facts.push('No operation has this path.')
    if (r.faulty) facts.push(' · a fault was at work')
    if (r.wait) facts.push(' · asked to wait ' + r.wait + ' s')
    return element('div', { className: 'inner' }, element('p', {}, ...facts), ...body('Sent', r.request), ...body('Answered', r.response))
  }

  function show(r) {
    const [text, kind] = status(r)
    const where = r.path + (r.query ? '?' + r.query : '')
    const summary = element('summary', {},
      element('time', { dateTime: r.time }, new Date(r.time).toLocaleTimeString('sv-SE')),
      element('b', { className: 'method ' + r.method.toLowerCase().replace(/[^a-z]/g, '') }, r.method),
      element('span', { className: 'where', title: where }, where),
      element('span', { className: 'status ' + kind }, text),
      element('span', { className: 'took' }, took(r.took)))
    const item = element('details', {}, summary)
    item.addEventListener('toggle', () => { // made when it is opened
      if (item.open && !item.querySelector('.inner')) item.append(details(r))
    })
    list.prepend(element('li', { className: 'new' }, item))
    while (list.children.length > most) list.lastElementChild.remove()
    $('none').hidden = true
    total++
    tell(count(total, 'request') + '. The latest: ' + r.method + ' ' + r.path + ', ' + text)
  }

  // A screen reader is told of the latest request, and not of each one of many.
  let next = ''
  let timer = 0
  function tell(text) {
    next = text
    if (!timer) {
      timer = setTimeout(() => { timer = 0; $('summary').textContent = next }, 1500)
    }
  }

  // What stands

  const drifts = document.querySelectorAll('button[data-drift]')
  function stand(state) {
    const faults = state.faults.map((f) => element('li', {}, f.title + ': ' + f.operation + ', ' + f.left + ' to go'))
    $('faults').replaceChildren(...(faults.length ? faults : [element('li', {}, 'Nothing')]))
    for (const button of drifts) {
      const on = state.drifts[button.dataset.drift]
      button.setAttribute('aria-pressed', String(on))
      button.value = String(!on)
    }
    for (const option of $('resource').options) {
      if (!option.value) continue
      const text = option.dataset.title + ' (' + state.counts[option.value] + ')'
      if (option.selected && option.textContent !== text) soon(search)
      option.textContent = text
    }
  }

  const events = new EventSource('/sandbox/requests')
  events.addEventListener('open', connected)
  events.addEventListener('error', () => { $('connection').textContent = 'Not connected, trying again' })
  events.addEventListener('clear', () => {
    list.replaceChildren()
    waiting = []
    total = 0
    $('none').hidden = false
    $('summary').textContent = ''
  })
  events.addEventListener('state', (e) => stand(JSON.parse(e.data)))
  events.addEventListener('request', (e) => {
    const r = JSON.parse(e.data)
    if (!paused) return show(r)
    waiting.push(r)
    if (waiting.length > most) waiting.shift()
    connected()
  })

  // Buttons

  for (const form of document.querySelectorAll('form.act')) {
    form.addEventListener('submit', async (e) => {
      e.preventDefault()
      const fields = new URLSearchParams(new FormData(form, e.submitter))
      try {
        const answer = await fetch(form.getAttribute('action'), { method: 'POST', headers: { Accept: 'application/json' }, body: fields })
        const { message } = await answer.json()
        say(message, !answer.ok)
        if (answer.ok && form.getAttribute('action') === '/sandbox/reset') search()
      } catch {
        say('The sandbox does not answer. Is it running?', true)
      }
    })
  }

  // Account

  async function search() {
    const query = new URLSearchParams({ resource: $('resource').value, q: $('q').value })
    let found
    try {
      const answer = await fetch('/sandbox/objects?' + query)
      found = await answer.json()
    } catch {
      $('found').textContent = 'The sandbox does not answer. Is it running?'
      return
    }
    $('found').textContent = count(found.matched, 'object') +
      (found.matched > found.rows.length ? ', the first ' + found.rows.length + ' of them' : '')
    const table = $('objects')
    const all = !$('resource').value
    table.tHead.replaceChildren(element('tr', {}, ...[all ? 'path' : 'id', ...found.columns].map((c) => element('th', { scope: 'col' }, c))))
    table.tBodies[0].replaceChildren(...found.rows.map((row) => {
      const button = element('button', { type: 'button', title: row.path }, all ? row.path : row.path.slice(row.path.lastIndexOf('/') + 1))
      button.addEventListener('click', () => look(row.path))
      return element('tr', {}, element('th', { scope: 'row' }, button), ...row.cells.map((c) => element('td', {}, c)))
    }))
  }

  async function look(path) {
    try {
      const answer = await fetch('/sandbox/object?' + new URLSearchParams({ path }))
      const text = await answer.text()
      $('object-title').textContent = path
      $('object-json').textContent = answer.ok ? pretty(text) : text
      $('object').showModal()
    } catch {
      say('The sandbox does not answer. Is it running?', true)
    }
  }

  $('search').addEventListener('submit', (e) => { e.preventDefault(); search() })
  $('resource').addEventListener('change', search)
  $('q').addEventListener('input', () => soon(search))
  $('resource').value = 'v1/Core/Contacts'
  search()
}

// pretty lays JSON out in lines, and leaves every number as it is written.
function pretty(text) {
  JSON.parse(text) // or it is none
  let out = ''
  let depth = 0
  const line = () => '\n' + '  '.repeat(depth)
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') {
      const begin = i
      for (i++; text[i] !== '"'; i++) if (text[i] === '\\') i++
      out += text.slice(begin, i + 1)
    } else if (c === '{' || c === '[') {
      const end = text.slice(i + 1).trimStart()[0]
      if (end === '}' || end === ']') {
        out += c + end
        i = text.indexOf(end, i)
      } else {
        depth++
        out += c + line()
      }
    } else if (c === '}' || c === ']') {
      depth--
      out += line() + c
    } else if (c === ',') {
      out += c + line()
    } else if (c === ':') {
      out += ': '
    } else if (c.trim()) {
      out += c
    }
  }
  return out
}

function reference() {
  const all = [...document.querySelectorAll('.operation')]
  $('choose').addEventListener('submit', (e) => e.preventDefault())
  for (const radio of document.querySelectorAll('input[name="language"]')) {
    radio.addEventListener('change', () => { document.body.dataset.language = radio.value })
    if (radio.checked) document.body.dataset.language = radio.value
  }
  const texts = all.map((o) => (o.id + ' ' + o.querySelector('summary').textContent).toLowerCase())
  $('find').addEventListener('input', () => {
    const words = $('find').value.toLowerCase().split(/\s+/)
    let n = 0
    all.forEach((o, i) => {
      o.hidden = !words.every((w) => texts[i].includes(w))
      if (!o.hidden) n++
    })
    say(count(n, 'operation'))
  })

  // An address can name an operation by its id, or by its method and path.
  function go() {
    const name = decodeURIComponent(location.hash.slice(1))
    const at = all.find((o) => o.id === name || o.dataset.name === name)
    if (at) {
      at.open = true
      at.scrollIntoView()
      at.querySelector('summary').focus({ preventScroll: true })
    }
  }
  addEventListener('hashchange', go)
  go()
}
