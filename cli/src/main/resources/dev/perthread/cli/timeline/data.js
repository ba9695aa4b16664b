// The recording as the page holds it: columns of numbers, names, what the filter lets through, and lengths in words.
const model = (() => {
  const OPENING = 0, LEASED = 1, IDLE = 2, CLOSING = 3, WAITING = 4, MANY = 5, MANY_WAITS = 6;
  const KINDS = ['opening', 'leased', 'idle', 'closing', 'waiting', 'many leases', 'many waits'];
  const TROUBLES = [
    {name: 'leak', words: 'leaked', symbol: 'triangle'},
    {name: 'opening failed', words: 'opening failed', symbol: 'path://M2 0 5 3 8 0 10 2 7 5 10 8 8 10 5 7 2 10 0 8 3 5 0 2Z'},
    {name: 'closing failed', words: 'closing failed', symbol: 'path://M0 0H10V10H0ZM2 2V8H8V2Z'},
    {name: 'waited in vain', words: 'waited in vain', symbol: 'diamond'},
    {name: 'held too long', words: 'held too long', symbol: 'path://M0 0H10L6 5L10 10H0L4 5Z'}];

  let data, columns, count, kind, resource, thread, pool, place, from, to, manyOf, marks, axisUnit, axisName, severalPools;

  /** Takes other data in the place of what there is. */
  function read(json) {
    data = json;
    columns = data.spans;
    ({kind, resource, thread, pool, place} = columns);
    count = kind.length;
    from = new Float64Array(count);
    to = new Float64Array(count);
    manyOf = new Map(); // from a bar that stands for several: how many, their time together, how many threads
    for (let i = 0, at = 0, next = 0; i < count; i++) {
      at += columns.after[i];
      from[i] = at;
      to[i] = at + columns.length[i];
      if (kind[i] >= MANY) {
        const [n, together, threads] = data.many[next++];
        manyOf.set(i, {n, busy: together, threads});
      }
    }
    marks = data.marks.map(([trouble, inThread, row, at, of, inPool, inPlace, note, stack]) =>
      ({trouble, thread: inThread, row, at, resource: of, pool: inPool, place: inPlace, note: data.texts[note], stack: data.texts[stack]}));
    [axisUnit, axisName] = data.length < 1e6 ? [1e3, 'µs'] : data.length < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
    severalPools = data.pools.length > 1;
    Object.assign(model, {data, count, kind, resource, thread, pool, place, row: columns.row, note: columns.note, stack: columns.stack,
      from, to, marks, manyOf, axisUnit, axisName, severalPools});
  }

  /** Leases or waits that a bar stands for, and how long they took together. */
  const number = i => kind[i] < MANY ? 1 : manyOf.get(i).n;
  const busy = i => kind[i] < MANY ? to[i] - from[i] : manyOf.get(i).busy;
  const isLease = i => kind[i] === LEASED || kind[i] === MANY;
  const isWait = i => kind[i] === WAITING || kind[i] === MANY_WAITS;

  function words(ns) {
    const [unit, name] = ns < 1e3 ? [1, 'ns'] : ns < 1e6 ? [1e3, 'µs'] : ns < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
    return String(Number((ns / unit).toPrecision(3))) + ' ' + name;
  }
  const moment = ns => String(Number((ns / axisUnit).toFixed(9))) + ' ' + axisName;
  /** How many decimals tell moments apart in a stretch of time. */
  const placesFor = span => Math.max(0, Math.min(9, Math.ceil(Math.log10(axisUnit / Math.max(1, span))) + 3));
  const clock = ns => new Date(data.begin + ns / 1e6).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const plural = (n, one) => n.toLocaleString('en') + ' ' + one + (n === 1 ? '' : 's');

  const poolName = of => data.pools[of] ? data.pools[of][0] : '';
  const shortName = of => of < 0 ? '' : '#' + data.resources[of][1];
  const resourceName = of => of < 0 ? '' : (severalPools ? poolName(data.resources[of][0]) + ' ' : '') + shortName(of);
  const threadName = of => of < 0 ? '' : data.threads[of][0];

  function describe(i) {
    const when = moment(from[i]) + ' to ' + moment(to[i]) + '  (' + clock(from[i]) + ')';
    if (kind[i] >= MANY) {
      const {n, busy: together, threads} = manyOf.get(i);
      return [plural(n, kind[i] === MANY ? 'lease' : 'wait') + ' by ' + plural(threads, 'thread') + ', together ' + words(together),
        severalPools && 'pool ' + poolName(pool[i]), when, 'too short to be told apart on this page'].filter(Boolean).join('\n');
    }
    return [KINDS[kind[i]] + (resource[i] < 0 ? severalPools ? ' at ' + poolName(pool[i]) : '' : ' ' + resourceName(resource[i]))
      + '  ' + words(to[i] - from[i]), 'thread ' + threadName(thread[i]), when,
      data.texts[columns.note[i]], data.texts[columns.stack[i]]].filter(Boolean).join('\n');
  }

  function describeMark(mark) {
    return [TROUBLES[mark.trouble].words + (mark.resource < 0 ? severalPools ? ' at ' + poolName(mark.pool) : '' : ' ' + resourceName(mark.resource)),
      'thread ' + threadName(mark.thread), moment(mark.at) + '  (' + clock(mark.at) + ')', mark.note, mark.stack]
      .filter(Boolean).join('\n');
  }

  /** The spans and marks that a part of a thread's name, and a resource's number or a pool's name, let through. */
  function filtered(threadPart, resourcePart) {
    const part = threadPart.toLowerCase();
    const wanted = resourcePart.trim().toLowerCase();
    const exact = /^#?\d+$/.test(wanted) ? wanted.replace('#', '') : null;
    const threads = part === '' ? null : data.threads.map(([name]) => name.toLowerCase().includes(part));
    const pools = data.pools.map(([name]) => name.toLowerCase().includes(wanted));
    const resources = data.resources.map(([inPool, id], of) => exact === null
      ? pools[inPool] || resourceName(of).toLowerCase() === wanted : String(id) === exact);
    const passes = (inThread, of, inPool) => (threads === null || inThread >= 0 && threads[inThread])
      && (wanted === '' || (of >= 0 ? resources[of] : exact === null && pools[inPool]));
    const spans = [];
    for (let i = 0; i < count; i++) {
      if (passes(thread[i], resource[i], pool[i])) {
        spans.push(i);
      }
    }
    return {spans, marks: marks.filter(mark => passes(mark.thread, mark.resource, mark.pool)), whole: part === '' && wanted === ''};
  }

  /** How many at a time: a staircase of the spans' number, with its levels. A bar for many counts by their share of its time. */
  function staircase(spans) {
    const ends = [];
    for (const i of spans) {
      const weight = kind[i] < MANY ? 1 : to[i] > from[i] ? busy(i) / (to[i] - from[i]) : 0;
      ends.push([from[i], weight], [to[i], -weight]);
    }
    ends.sort((one, other) => one[0] - other[0] || one[1] - other[1]);
    const times = new Float64Array(ends.length), levels = new Float64Array(ends.length);
    let level = 0;
    ends.forEach(([at, change], n) => {
      level += change;
      times[n] = at;
      levels[n] = Math.max(0, level);
    });
    return {times, levels};
  }

  /** Mean and most in each of some equal parts of a time. */
  function meansOf({times, levels}, start, end, parts) {
    const means = new Float64Array(parts), mosts = new Float64Array(parts);
    let next = firstAfter(times, start), level = next === 0 ? 0 : levels[next - 1];
    for (let part = 0; part < parts; part++) {
      const until = start + (end - start) * (part + 1) / parts;
      let at = start + (end - start) * part / parts, sum = 0, most = level;
      const width = until - at;
      for (; next < times.length && times[next] < until; next++) {
        sum += level * (times[next] - at);
        at = times[next];
        level = levels[next];
        most = Math.max(most, level);
      }
      means[part] = (sum + level * (until - at)) / width;
      mosts[part] = most;
    }
    return {means, mosts};
  }

  /** The first of some numbers in ascending order that is not below a value. */
  function firstAfter(numbers, value) {
    let low = 0, high = numbers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[middle] < value) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const model = {OPENING, LEASED, IDLE, CLOSING, WAITING, MANY, MANY_WAITS, KINDS, TROUBLES, number, busy, isLease, isWait,
    words, moment, placesFor, clock, plural, poolName, shortName, resourceName, threadName,
    describe, describeMark, filtered, staircase, meansOf, firstAfter, read};
  read(JSON.parse(document.getElementById('data').textContent));
  return model;
})();
