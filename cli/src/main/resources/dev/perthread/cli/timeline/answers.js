// The answers above the chart: what took longest, where it was acquired, what went wrong, what was closed and why.
const answers = (() => {
  const m = model;
  const MOST = 20; // rows of a table
  const WHAT = ['lease', 'wait', 'opening'];
  const byId = id => document.getElementById(id);

  function make(tag, text, more) {
    const element = Object.assign(document.createElement(tag), more);
    if (text !== undefined) {
      element.textContent = text;
    }
    return element;
  }

  function table(caption, heads, rows) {
    const element = make('table'), head = make('thead'), body = make('tbody'), line = make('tr');
    element.append(make('caption', caption));
    line.append(...heads.map(text => make('th', text, {scope: 'col'})));
    head.append(line);
    for (const cells of rows) {
      const row = make('tr');
      row.append(...cells.map(cell => {
        const place = make('td');
        place.append(cell);
        if (typeof cell === 'string' && /^[\d.,]+( \D{1,2})?$/.test(cell)) {
          place.className = 'number';
        }
        return place;
      }));
      body.append(row);
    }
    element.append(head, body);
    return element;
  }

  /** A stack's first line of its own, and all of it to unfold. */
  function stack(text) {
    const lines = text.split('\n').filter(line => line && !line.endsWith(' at'));
    if (lines.length <= 1) {
      return lines[0] || '–';
    }
    const element = make('details');
    element.append(make('summary', lines[0]), make('pre', lines.slice(1).join('\n')));
    return element;
  }

  function goTo(text, action) {
    const button = make('button', text, {type: 'button', className: 'link'});
    button.addEventListener('click', action);
    return button;
  }

  function longest(wanted) {
    const found = [];
    for (let i = 0; i < m.count; i++) {
      if (m.kind[i] === wanted && (found.length < MOST || m.to[i] - m.from[i] > m.to[found[MOST - 1]] - m.from[found[MOST - 1]])) {
        found.push(i);
        found.sort((one, other) => m.to[other] - m.from[other] - m.to[one] + m.from[one]);
        found.length = Math.min(found.length, MOST);
      }
    }
    return found;
  }

  function longestTable(caption, spans, go) {
    return table(caption, ['took', 'resource', 'thread', 'from', 'what else', 'where'], spans.map(i => [
      goTo(m.words(m.to[i] - m.from[i]), () => go.span(i)), m.resource[i] < 0 ? m.poolName(m.pool[i]) : m.resourceName(m.resource[i]),
      m.threadName(m.thread[i]), m.moment(m.from[i]), m.data.texts[m.note[i]], stack(m.data.texts[m.stack[i]])]));
  }

  function sites() {
    const rows = m.data.answers.sites;
    return table('Call sites, by all their time together', ['where', 'what', 'pool', 'count', 'total', 'p50', 'p99', 'longest'],
      rows.slice(0, 3 * MOST).map(([what, pool, text, count, total, p50, p99, most]) => [stack(m.data.texts[text]) === '–'
        ? 'not recorded: build the pool with trace(true)' : stack(m.data.texts[text]), WHAT[what], m.poolName(pool),
      count.toLocaleString('en'), m.words(total), m.words(p50), m.words(p99), m.words(most)]));
  }

  /** Traced leases by caller, from the outermost: each line with its share of all leased time. */
  function tree() {
    const root = {name: 'all', total: 0, count: 0, callees: new Map()};
    for (const [what, , text, count, total] of m.data.answers.sites) {
      const frames = m.data.texts[text].split('\n').filter(line => line && !line.endsWith(' at')).reverse();
      if (what !== 0 || !frames.length) {
        continue;
      }
      let node = root;
      node.total += total;
      node.count += count;
      for (const name of frames) {
        if (!node.callees.has(name)) {
          node.callees.set(name, {name, total: 0, count: 0, callees: new Map()});
        }
        node = node.callees.get(name);
        node.total += total;
        node.count += count;
      }
    }
    const rows = [];
    (function walk(node, depth) {
      const sorted = [...node.callees.values()].sort((one, other) => other.total - one.total);
      for (const callee of sorted) {
        if (rows.length < 10 * MOST) {
          const share = make('meter', undefined, {max: 1, value: root.total ? callee.total / root.total : 0});
          share.setAttribute('aria-label', 'share of all leased time');
          rows.push([share, '\u00a0'.repeat(2 * depth) + callee.name, m.words(callee.total), callee.count.toLocaleString('en')]);
          walk(callee, sorted.length > 1 ? depth + 1 : depth);
        }
      }
    })(root, 0);
    return rows.length ? table('Leased time by caller, outermost first', ['share', 'frame', 'total', 'leases'], rows) : null;
  }

  function problems(go) {
    return table('What went wrong', ['when', 'what', 'resource', 'thread', 'what else', 'where'], m.marks.slice(0, 10 * MOST).map(mark => [
      goTo(m.moment(mark.at), () => go.mark(mark)), m.TROUBLES[mark.trouble].words,
      mark.resource < 0 ? m.poolName(mark.pool) : m.resourceName(mark.resource), m.threadName(mark.thread), mark.note, stack(mark.stack)]));
  }

  function closed() {
    return table('Closed, and why', ['pool', 'reason', 'count'],
      m.data.answers.closed.map(([pool, reason, count]) => [m.poolName(pool), m.data.texts[reason], count.toLocaleString('en')]));
  }

  function panel(title, content) {
    const element = make('details'), box = make('div', undefined, {className: 'panel', tabIndex: 0});
    box.setAttribute('role', 'region');
    box.setAttribute('aria-label', title);
    element.append(make('summary', title), box);
    element.addEventListener('toggle', () => { // made when asked for
      if (element.open && !box.firstChild) {
        box.append(...[content()].flat().filter(Boolean));
      }
    });
    return element;
  }

  let panels = [];

  /** Anew; go.span and go.mark show a bar or mark in the chart. */
  function show(go) {
    const leases = longest(m.LEASED), waits = longest(m.WAITING), line = byId('first');
    line.replaceChildren();
    panels.forEach(old => old.remove());
    const part = (words, i) => goTo(words + ' ' + m.words(m.to[i] - m.from[i]) + ': '
      + [m.resourceName(m.resource[i]), m.threadName(m.thread[i])].filter(Boolean).join(' by '), () => go.span(i));
    line.append(...[leases.length && part('Longest lease', leases[0]), waits.length && part('Longest wait', waits[0])].filter(Boolean));
    m.TROUBLES.forEach(({words}, trouble) => {
      const of = m.marks.filter(mark => mark.trouble === trouble);
      if (of.length) {
        const button = goTo(of.length.toLocaleString('en') + ' × ' + words, () => go.mark(of[0]));
        button.classList.add('bad');
        line.append(button);
      }
    });
    panels = [
      leases.length && panel('Longest leases', () => longestTable('The longest leases', leases, go)),
      waits.length && panel('Longest waits', () => longestTable('The longest waits', waits, go)),
      m.data.answers.sites.length && panel('Call sites', () => [sites(), tree()]),
      m.marks.length && panel('Problems', () => problems(go)),
      m.data.answers.closed.length && panel('Closed, and why', closed)].filter(Boolean);
    byId('answers').append(...panels);
  }

  return {show, make};
})();
