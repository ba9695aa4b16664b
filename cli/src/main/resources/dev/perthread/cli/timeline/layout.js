// What stands where: the sections, lanes and areas of both views, one below the other, in pixels from the top.
const layout = (() => {
  const m = model;
  const LANE = 22, HEAD = 26, AREA = 40, GAP = 8;
  const FEW = 60; // lanes that need no folding; and as many folded threads are opened by zooming in
  const ONE_SHOT = 3; // a thread that did no more than this, and nothing wrong, is folded where there are many
  const SEARCH = 4 * FEW; // spans in view that may belong to few enough threads

  const state = {view: 'resource', items: [], height: 0, lanes: 0, folded: 0, opened: 0, spans: [], marks: [], itemOfSpan: new Map()};
  let filtered, sections = [], regular = [], hidden = null;

  function row(spans) {
    let longest = -1; // the latest end so far: idle may be overtaken by what comes after it
    return {spans, ends: Float64Array.from(spans, i => longest = Math.max(longest, m.to[i]))};
  }

  function groups(spans, keyOf) {
    const found = new Map();
    for (const i of spans) {
      const key = keyOf(i);
      const list = found.get(key);
      if (list) {
        list.push(i);
      } else {
        found.set(key, [i]);
      }
    }
    return found;
  }

  /** For each pool what is drawn above its lanes: how many are leased, how many wait. */
  function preparePools() {
    const byPool = groups(filtered.spans, i => m.pool[i]);
    for (const mark of filtered.marks) {
      if (!byPool.has(mark.pool)) {
        byPool.set(mark.pool, []);
      }
    }
    sections = [...byPool].sort(([one], [other]) => one - other).map(([pool, spans]) => {
      const leased = spans.filter(m.isLease), waits = spans.filter(m.isWait);
      return {pool, spans, waits, use: leased.length ? m.staircase(leased) : null, queue: waits.length ? m.staircase(waits) : null,
        busy: leased.reduce((sum, i) => sum + m.busy(i), 0), numberOfWaits: waits.reduce((sum, i) => sum + m.number(i), 0),
        longestWait: waits.reduce((most, i) => Math.max(most, m.to[i] - m.from[i]), 0)};
    });
  }

  function sectionWords({pool, busy, numberOfWaits, longestWait}) {
    const limit = m.data.pools[pool] ? m.data.pools[pool][2] : -1;
    const mean = busy / m.data.length;
    return [limit > 0 ? 'limit ' + limit : limit === 0 ? 'no limit' : '',
      limit > 0 ? 'leased ' + Number((100 * mean / limit).toPrecision(3)) + ' %' : 'leased ' + Number(mean.toPrecision(3)) + ' at a time',
      numberOfWaits ? m.plural(numberOfWaits, 'wait') + ', longest ' + m.words(longestWait) : 'no waits'].filter(Boolean).join(' · ');
  }

  function add(item, height) {
    state.items.push({...item, y: state.height, h: height});
    state.height += height;
  }

  function addSection(section) {
    add({type: 'head', pool: section.pool, label: m.poolName(section.pool) || 'no pool', words: sectionWords(section)}, HEAD);
    if (section.queue) {
      add({type: 'area', of: 'queue', label: 'waiting', stairs: section.queue, pool: section.pool, ...row(section.waits)}, AREA);
    }
    if (section.use) {
      add({type: 'area', of: 'use', label: 'leased', stairs: section.use, pool: section.pool, spans: [], ends: [],
        limit: m.data.pools[section.pool] ? m.data.pools[section.pool][2] : -1}, AREA);
    }
  }

  function byResource() {
    const marked = groups(filtered.marks.filter(mark => mark.place >= 0), mark => mark.pool + '/' + mark.place);
    for (const section of sections) {
      addSection(section);
      const places = groups(section.spans.filter(i => m.place[i] >= 0), i => m.place[i]);
      for (const key of marked.keys()) {
        const [pool, place] = key.split('/').map(Number);
        if (pool === section.pool && !places.has(place)) {
          places.set(place, []);
        }
      }
      for (const [place, spans] of [...places].sort(([one], [other]) => one - other)) {
        const found = new Set(spans.filter(i => m.resource[i] >= 0).map(i => m.resource[i]));
        const [first] = found;
        const label = found.size === 1 && !spans.some(i => m.kind[i] === m.MANY) ? m.shortName(first)
          : found.size === 0 ? 'place ' + (place + 1) : 'place ' + (place + 1) + ': ' + m.shortName(first) + ' …';
        add({type: 'lane', label, pool: section.pool, place, first: true, ...row(spans)}, LANE);
        state.lanes++;
      }
      add({type: 'gap'}, GAP);
    }
  }

  /** Which threads have a lane of their own, and which are folded into one band. */
  function prepareThreads() {
    const byThread = groups(filtered.spans.filter(i => m.thread[i] >= 0), i => m.thread[i]);
    const marked = new Set(filtered.marks.map(mark => mark.thread));
    marked.forEach(thread => byThread.has(thread) || byThread.set(thread, []));
    byThread.delete(-1);
    const many = byThread.size > FEW;
    regular = [];
    const folded = [];
    for (const [thread, spans] of byThread) {
      const done = spans.reduce((sum, i) => sum + (m.kind[i] === m.IDLE ? 0 : 1), 0);
      if (many && done <= ONE_SHOT && !marked.has(thread)) {
        spans.filter(i => m.kind[i] !== m.IDLE).forEach(i => folded.push(i));
      } else {
        regular.push([thread, spans]);
      }
    }
    filtered.spans.filter(i => m.thread[i] < 0).forEach(i => folded.push(i)); // may be too many to be arguments
    folded.sort((one, other) => one - other);
    const threads = new Set(folded.map(i => m.thread[i]));
    threads.delete(-1);
    hidden = folded.length ? {...row(folded), stairs: m.staircase(folded), threads: threads.size} : null;
  }

  /** The folded threads that did something in a time, if they are few and none of it stands for many. */
  function openedIn(start, end) {
    const threads = new Map();
    for (let n = m.firstAfter(hidden.ends, start), seen = 0; n < hidden.spans.length && m.from[hidden.spans[n]] <= end; n++) {
      const i = hidden.spans[n];
      if (m.to[i] < start) {
        continue;
      }
      if (++seen > SEARCH || m.thread[i] < 0) {
        return null;
      }
      threads.set(m.thread[i], [...threads.get(m.thread[i]) || [], i]);
    }
    return threads.size <= FEW && start > 0 | end < m.data.length ? [...threads] : null;
  }

  function addThread([thread, spans]) {
    const rows = m.data.threads[thread][2];
    const byRow = groups(spans, i => m.row[i]);
    for (const mark of filtered.marks) {
      if (mark.thread === thread && !byRow.has(mark.row)) {
        byRow.set(mark.row, []);
      }
    }
    let before = -2;
    for (const [number, list] of [...byRow].sort(([one], [other]) => one - other)) {
      const pool = rows[number] === undefined ? -1 : rows[number];
      const name = m.severalPools && new Set(rows).size > 1 && pool >= 0 ? ' · ' + m.poolName(pool) : '';
      const first = before === -2;
      add({type: 'lane', label: first ? m.threadName(thread) + name : pool === before ? '' : name.slice(3), pool, thread,
        rowNumber: number, first, ...row(list)}, LANE);
      before = pool;
    }
    state.lanes++;
  }

  function byThread(opened) {
    if (sections.length <= 3) {
      sections.forEach(addSection);
    }
    add({type: 'head', label: 'threads', words: ''}, HEAD);
    const head = state.items[state.items.length - 1];
    regular.forEach(addThread);
    state.folded = hidden ? hidden.threads : 0;
    if (hidden && opened) {
      add({type: 'head', label: 'one-shot threads here', words: m.plural(opened.length, 'thread') + '; zoom out to fold'}, HEAD);
      opened.forEach(addThread);
      state.opened = opened.length;
    } else if (hidden) {
      add({type: 'head', label: m.plural(hidden.threads, 'one-shot thread'), words: 'each did at most ' + ONE_SHOT
        + ' things; zoom in to open their lanes'}, HEAD);
      add({type: 'area', of: 'band', label: 'at work', stairs: hidden.stairs, pool: -1, spans: hidden.spans, ends: hidden.ends}, 2 * AREA);
    }
    head.words = m.plural(regular.length, 'lane');
  }

  function place(opened) {
    Object.assign(state, {items: [], height: 0, lanes: 0, folded: 0, opened: 0});
    state.openedKey = opened ? opened.map(([thread]) => thread).join() : '';
    if (state.view === 'resource') {
      byResource();
    } else {
      byThread(opened);
    }
    state.itemOfSpan = new Map();
    state.items.forEach((item, n) => {
      if (item.spans && item.of !== 'use') {
        for (const i of item.spans) {
          state.itemOfSpan.set(i, n);
        }
      }
    });
    const lanes = new Map(), above = new Map();
    state.items.forEach((item, n) => {
      if (item.type === 'lane') {
        lanes.set(state.view === 'resource' ? item.pool + '/' + item.place : item.thread + '/' + item.rowNumber, n);
      } else if (item.of === 'queue' || item.type === 'head' && item.pool !== undefined) {
        above.set(item.pool, n);
      }
    });
    for (const mark of state.marks) { // what has no lane here went wrong while waiting, or before there was a resource
      const lane = lanes.get(state.view === 'resource' ? mark.pool + '/' + mark.place : mark.thread + '/' + mark.row);
      mark.item = lane === undefined ? above.get(mark.pool) : lane;
    }
  }

  /** Anew, for a filter or view. */
  function show(threadPart, resourcePart) {
    filtered = m.filtered(threadPart, resourcePart);
    state.spans = filtered.spans;
    state.marks = filtered.marks;
    state.whole = filtered.whole;
    preparePools();
    prepareThreads();
    place(null);
  }

  /** After zooming: true if lanes have been opened or folded by it. */
  function zoomed(start, end) {
    if (state.view !== 'thread' || !hidden) {
      return false;
    }
    const opened = openedIn(start, end);
    if ((opened ? opened.map(([thread]) => thread).join() : '') === state.openedKey) {
      return false;
    }
    place(opened);
    return true;
  }

  /** The view with fewer lanes. */
  function fewest() {
    const lanes = new Set();
    for (let i = 0; i < m.count; i++) {
      if (m.place[i] >= 0) {
        lanes.add(m.pool[i] + '/' + m.place[i]);
      }
    }
    return lanes.size > 0 && lanes.size < m.data.threads.length ? 'resource' : 'thread';
  }

  const yOf = i => {
    const n = state.itemOfSpan.get(i);
    return n === undefined ? -1 : state.items[n].y + state.items[n].h / 2;
  };
  const yOfMark = mark => mark.item === undefined ? -1 : state.items[mark.item].y + state.items[mark.item].h / 2;

  /** The first item that ends below a height; its number may be that of none. */
  function firstBelow(y) {
    let low = 0, high = state.items.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (state.items[middle].y + state.items[middle].h <= y) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  state.view = fewest();
  return {state, show, zoomed, fewest, yOf, yOfMark, firstBelow, LANE};
})();
