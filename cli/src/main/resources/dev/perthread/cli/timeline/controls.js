// Mouse, keys, buttons, the filter, and what is told of that: totals, histogram, legend, tooltip and the selected bar.
(() => {
  const m = model;
  const byId = id => document.getElementById(id);
  const make = answers.make;
  const {chart} = drawing;

  const show = text => { byId('detail').textContent = text; };

  // ---- What is under the mouse, and what is selected.
  function describeArea({item, spans}) {
    const waits = spans.filter(m.isWait);
    const names = waits.slice(0, 12).map(i => m.kind[i] === m.MANY_WAITS ? m.plural(m.number(i), 'short wait')
      : m.threadName(m.thread[i]) + ', since ' + m.moment(m.from[i]) + ', ' + m.words(m.to[i] - m.from[i]));
    return item.of === 'queue' ? [waits.length ? 'waiting at ' + m.poolName(item.pool) : 'nobody waits here', ...names,
      waits.length > names.length ? 'and ' + (waits.length - names.length) + ' more' : ''].filter(Boolean).join('\n')
      : item.of === 'band' ? spans.length + ' of the folded threads’ bars are here; zoom in to open them' : '';
  }

  const tip = byId('tip');
  chart.getZr().on('mousemove', event => {
    const hit = drawing.at(event.offsetX, event.offsetY);
    const text = !hit ? '' : hit.mark ? m.describeMark(hit.mark) : hit.item ? describeArea(hit) : m.describe(hit.span);
    tip.hidden = !text;
    if (text) {
      tip.textContent = text;
      const mouse = event.event;
      tip.style.left = Math.max(0, Math.min(mouse.clientX + 14, innerWidth - tip.offsetWidth - 8)) + 'px';
      tip.style.top = Math.max(0, Math.min(mouse.clientY + 14, innerHeight - tip.offsetHeight - 8)) + 'px';
    }
  });
  chart.getZr().on('globalout', () => { tip.hidden = true; });
  chart.getZr().on('click', event => {
    const hit = drawing.at(event.offsetX, event.offsetY);
    if (hit && hit.mark) {
      show(m.describeMark(hit.mark));
    } else if (hit && hit.item) {
      show(describeArea(hit));
    } else {
      select(hit ? hit.span : -1);
    }
  });

  function select(i) {
    if (i >= 0) {
      pause();
    }
    drawing.select(i);
    show(i < 0 ? '' : m.describe(i));
  }

  /** To the next or previous bar of the same lane; or of the first lane in sight. */
  function step(direction) {
    const {items} = layout.state, selected = drawing.selected;
    const now = selected < 0 ? undefined : layout.state.itemOfSpan.get(selected);
    const item = now !== undefined ? items[now]
      : items.slice(layout.firstBelow(drawing.view.top)).find(it => it.type === 'lane' && it.spans.length);
    if (item) {
      const at = now === undefined ? -1 : item.spans.indexOf(selected);
      const next = at < 0 ? m.firstAfter(item.ends, drawing.view.from) : at + direction;
      select(item.spans[Math.max(0, Math.min(item.spans.length - 1, next))]);
    }
  }

  /** To the next lane below or above that has bars, at about the same time. */
  function stepLane(direction) {
    const {items} = layout.state, selected = drawing.selected;
    const now = selected < 0 ? -1 : layout.state.itemOfSpan.get(selected);
    for (let n = now + direction; selected >= 0 && n >= 0 && n < items.length; n += direction) {
      const item = items[n];
      if (item.spans && item.spans.length && item.of !== 'use') {
        const near = m.firstAfter(item.ends, m.from[selected]);
        select(item.spans[Math.min(item.spans.length - 1, near)]);
        return;
      }
    }
    if (selected < 0) {
      step(1);
    }
  }

  let problem = -1;
  function toProblem(direction) {
    const {marks} = layout.state;
    if (marks.length) {
      problem = (problem + direction + marks.length + (problem < 0 && direction < 0 ? 1 : 0)) % marks.length;
      toMark(marks[problem]);
    }
  }

  function toMark(mark) {
    if (layout.state.marks.includes(mark) && layout.yOfMark(mark) >= 0) {
      drawing.reveal(layout.yOfMark(mark), mark.at, mark.at);
    }
    show(m.describeMark(mark));
  }

  // ---- Zooming and moving.
  function zoomBy(factor) {
    const {view, selected} = drawing;
    const middle = selected >= 0 ? Math.max(view.from, Math.min(view.to, (m.from[selected] + m.to[selected]) / 2)) : (view.from + view.to) / 2;
    drawing.zoomTo(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
  }

  function move(part) {
    const {view} = drawing, span = view.to - view.from;
    drawing.zoomTo(view.from + span * part, view.to + span * part);
  }

  const whole = () => drawing.zoomTo(0, m.data.length);
  const scrollBy = pixels => drawing.scrollTo(drawing.view.top + pixels);
  const round = value => Math.max(0, Math.min(m.data.length, value));

  let settled = 0;
  chart.on('datazoom', () => {
    showRange();
    clearTimeout(settled);
    settled = setTimeout(() => {
      if (layout.zoomed(drawing.view.from, drawing.view.to)) {
        drawing.refresh(true);
      }
    }, 120);
  });

  function showRange() {
    const start = round(drawing.view.from), end = round(drawing.view.to);
    const places = m.placesFor(end - start);
    byId('range').textContent = (start / m.axisUnit).toFixed(places) + ' to ' + (end / m.axisUnit).toFixed(places) + ' ' + m.axisName;
  }

  // ---- Totals and the histogram of waits, of what the filter lets through.
  function totals() {
    const sums = new Float64Array(m.KINDS.length), numbers = new Float64Array(m.KINDS.length), resources = new Set(), threads = new Set();
    let longest = 0;
    for (const i of layout.state.spans) {
      numbers[m.kind[i]] += m.number(i);
      sums[m.kind[i]] += m.busy(i);
      threads.add(m.thread[i]);
      resources.add(m.resource[i]);
      if (m.isWait(i)) {
        longest = Math.max(longest, m.to[i] - m.from[i]);
      }
    }
    threads.delete(-1);
    resources.delete(-1);
    const {threads: allThreads, resources: allResources} = m.data.all, all = layout.state.whole;
    const of = trouble => layout.state.marks.filter(mark => mark.trouble === trouble).length;
    const cells = [['threads', all ? allThreads : threads.size], ['resources', all ? allResources : resources.size],
      ['openings', numbers[m.OPENING] + (all ? m.data.all.openings : 0)],
      ['leases', numbers[m.LEASED] + numbers[m.MANY], m.words(sums[m.LEASED] + sums[m.MANY])],
      ['idle', numbers[m.IDLE] + (all ? m.data.all.idle : 0), m.words(sums[m.IDLE])],
      ['waits', numbers[m.WAITING] + numbers[m.MANY_WAITS], m.words(sums[m.WAITING] + sums[m.MANY_WAITS])], ['longest wait', m.words(longest)],
      ...m.TROUBLES.map(({name}, trouble) => [name, of(trouble), '', true])];
    byId('totals').replaceChildren(...cells.map(([name, value, more, bad]) => {
      const cell = make('div', undefined, {className: bad && value ? 'bad' : ''});
      cell.dataset.name = name;
      cell.append(make('dt', name), make('dd', value.toLocaleString('en') + (more ? ', ' + more : '')));
      return cell;
    }));
  }

  const BOUNDS = []; // 1, 2, 5, 10 … microseconds, and so on to an hour
  for (let decade = 1e3; decade <= 3.6e12; decade *= 10) {
    BOUNDS.push(decade, 2 * decade, 5 * decade);
  }
  let histogram = null;

  function waits() {
    const served = new Float64Array(BOUNDS.length + 1), inVain = new Float64Array(BOUNDS.length + 1);
    let least = BOUNDS.length, most = -1;
    for (const i of layout.state.spans) {
      if (m.isWait(i)) {
        const length = m.busy(i) / m.number(i), found = BOUNDS.findIndex(bound => length <= bound), bucket = found < 0 ? BOUNDS.length : found;
        (m.data.texts[m.note[i]] ? inVain : served)[bucket] += m.number(i);
        least = Math.min(least, bucket);
        most = Math.max(most, bucket);
      }
    }
    byId('waits').hidden = most < 0;
    if (most < 0 || !byId('waits').open) {
      return;
    }
    histogram = histogram || echarts.init(byId('histogram'), null, {renderer: 'canvas'});
    const names = [...BOUNDS.map(bound => '≤ ' + m.words(bound)), 'more'].slice(least, most + 1), paint = drawing.theme();
    histogram.resize();
    histogram.setOption({
      animation: false, grid: {left: 60, right: 8, top: 22, bottom: 22}, legend: {top: 0, right: 0, itemHeight: 10, textStyle: {fontSize: 11, color: paint.text}},
      xAxis: {type: 'category', data: names, axisLabel: {color: paint.soft}},
      yAxis: {type: 'value', minInterval: 1, splitNumber: 2, axisLabel: {color: paint.soft}, splitLine: {lineStyle: {color: paint.line}}},
      series: [{name: 'served', type: 'bar', stack: 'all', barMaxWidth: 60, data: Array.from(served.slice(least, most + 1)), itemStyle: {color: paint.many}},
        {name: 'in vain', type: 'bar', stack: 'all', barMaxWidth: 60, data: Array.from(inVain.slice(least, most + 1)),
          itemStyle: {color: paint.trouble, decal: {symbol: 'rect', dashArrayX: [2, 2], dashArrayY: [4, 2], color: '#fff8'}}}]
    }, true);
    byId('histogram').setAttribute('aria-label', 'Histogram of waits: '
      + names.map((name, n) => name + ': ' + (served[least + n] + inVain[least + n])).join(', '));
  }

  // ---- The legend shows how, not which: colours are by resource, or by thread.
  function legend() {
    const paint = drawing.theme(), [colour] = drawing.COLOURS;
    const entries = [['opening, closing', p => { p.fillStyle = p.createPattern(drawing.hatches[0], 'repeat'); p.fillRect(0, 2, 28, 12); }],
      ['leased', p => { p.fillStyle = colour; p.fillRect(0, 2, 28, 12); }],
      ['idle', p => { p.fillStyle = colour; p.fillRect(0, 6, 28, 3); }],
      ['waiting', p => { p.fillStyle = paint.wait; p.strokeStyle = paint.waitEdge; p.setLineDash([3, 2]); p.fillRect(0, 4, 28, 8); p.strokeRect(0.5, 4.5, 27, 7); }],
      ...(m.manyOf.size ? [['many short leases, filled by their share of the time', p => {
        p.strokeStyle = p.fillStyle = paint.many; p.strokeRect(0.5, 2.5, 27, 11); p.fillRect(0, 8, 28, 6); }]] : []),
      ['a colour for each ' + (layout.state.view === 'resource' ? 'thread' : 'resource'), p => {
        drawing.COLOURS.slice(0, 4).forEach((each, n) => { p.fillStyle = each; p.fillRect(n * 7, 2, 7, 12); }); }]];
    byId('legend').replaceChildren(...entries.map(([name, draw]) => {
      const entry = make('span'), sample = make('canvas', undefined, {width: 28, height: 16});
      draw(sample.getContext('2d'));
      entry.append(sample, name);
      return entry;
    }));
  }

  const filter = {thread: '', resource: ''};
  function refresh() {
    problem = -1;
    layout.show(filter.thread, filter.resource);
    drawing.select(-1);
    show('');
    totals();
    waits();
    legend();
    drawing.refresh(false);
    showRange();
  }

  let chosen = false; // the view, by somebody

  function setView(view) {
    if (view !== layout.state.view) {
      layout.state.view = view;
      refresh();
    }
    byId('by-thread').setAttribute('aria-pressed', String(view === 'thread'));
    byId('by-resource').setAttribute('aria-pressed', String(view === 'resource'));
    byId('chart').setAttribute('aria-label', 'Timeline, a lane for each ' + view);
  }
  const choose = view => {
    chosen = true;
    setView(view);
  };
  const otherView = () => choose(layout.state.view === 'thread' ? 'resource' : 'thread');

  const KEYS = {
    ArrowLeft: () => move(-0.1), ArrowRight: () => move(0.1),
    ArrowUp: () => scrollBy(-3 * layout.LANE), ArrowDown: () => scrollBy(3 * layout.LANE),
    PageUp: () => scrollBy(-drawing.heightOfLanes()), PageDown: () => scrollBy(drawing.heightOfLanes()),
    '+': () => zoomBy(0.5), '=': () => zoomBy(0.5), '-': () => zoomBy(2), '0': whole, Home: whole,
    '.': () => step(1), ',': () => step(-1), j: () => stepLane(1), k: () => stepLane(-1), n: () => toProblem(1), p: () => toProblem(-1),
    v: otherView, Escape: () => { tip.hidden = true; select(-1); }, '/': () => byId('thread').focus()
  };
  byId('chart').addEventListener('keydown', event => {
    const act = KEYS[event.key];
    if (act && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      act();
    }
  });

  function heading() {
    byId('source').textContent = m.data.source + ', ' + m.clock(0) + ', ' + m.words(m.data.length);
    byId('hint').textContent = [m.data.hint, m.data.condensed].filter(Boolean).join(' ');
    document.title = 'PerThread timeline: ' + m.data.source;
  }
  byId('thread').addEventListener('input', event => { filter.thread = event.target.value; refresh(); });
  byId('resource').addEventListener('input', event => { filter.resource = event.target.value; refresh(); });
  byId('filter').addEventListener('submit', event => event.preventDefault());
  byId('in').addEventListener('click', () => zoomBy(0.5));
  byId('out').addEventListener('click', () => zoomBy(2));
  byId('all').addEventListener('click', whole);
  byId('next').addEventListener('click', () => toProblem(1));
  byId('by-thread').addEventListener('click', () => choose('thread'));
  byId('by-resource').addEventListener('click', () => choose('resource'));
  byId('waits').addEventListener('toggle', waits);
  new ResizeObserver(() => requestAnimationFrame(() => { // not within it: what it draws may change sizes again
    drawing.refresh(true);
    if (histogram) {
      histogram.resize();
    }
  })).observe(byId('chart'));
  drawing.scheme.addEventListener('change', () => { legend(); waits(); drawing.refresh(true); });
  for (const [event, now] of [['beforeprint', true], ['afterprint', false]]) {
    addEventListener(event, () => { drawing.print(now); legend(); });
  }
  const go = {
    span: i => { byId('chart').focus(); select(i); },
    mark: mark => { byId('chart').focus(); toMark(mark); }};
  heading();
  answers.show(go);
  refresh();
  setView(layout.state.view);

  // ---- A page that changes while the program runs.
  const interval = Number(document.body.dataset.interval || 0); // milliseconds; 0 for a recording
  let paused = false, timer = 0, asking = false;

  /** Other data; the same part of it, or the latest where that was in sight. */
  function update(json) {
    const {view} = drawing, {begin, length} = m.data;
    const follows = view.to >= length * 0.999, all = follows && view.from <= 0;
    drawing.forget();
    m.read(json);
    problem = -1;
    if (!chosen) {
      layout.state.view = layout.fewest();
    }
    heading();
    layout.show(filter.thread, filter.resource);
    setView(layout.state.view);
    totals();
    waits();
    legend();
    answers.show(go);
    const span = Math.min(m.data.length, view.to - view.from), earlier = (begin - json.begin) * 1e6;
    const start = Math.max(0, Math.min(m.data.length - span, follows ? m.data.length - span : view.from + earlier));
    const range = all ? [0, m.data.length] : [start, start + span];
    layout.zoomed(...range);
    drawing.refresh(true, range);
    showRange();
  }

  function tell(words, bad) {
    if (byId('liveness').textContent !== words) {
      byId('liveness').textContent = words;
    }
    byId('liveness').classList.toggle('bad', Boolean(bad));
  }

  async function ask() {
    clearTimeout(timer);
    if (paused || asking) {
      return;
    }
    asking = true;
    try {
      const answer = await fetch('data', {cache: 'no-store', credentials: 'omit'});
      if (!answer.ok) {
        throw new Error('status ' + answer.status);
      }
      const json = await answer.json();
      if (!paused) {
        update(json);
        tell('Live: the last minutes of the program.');
      }
    } catch (failure) {
      console.error(failure);
      tell('perthread top has ended, or cannot be reached. This is what it showed last.', true);
    }
    asking = false;
    timer = setTimeout(ask, interval);
  }

  /** What somebody looks at more closely must not run away. */
  function pause() {
    if (interval && !paused) {
      paused = true;
      byId('pause').textContent = 'Continue';
      tell('Paused.');
    }
  }

  byId('pause').addEventListener('click', () => {
    if (paused) {
      paused = false;
      byId('pause').textContent = 'Pause';
      ask();
    } else {
      pause();
    }
  });
  byId('answers').addEventListener('toggle', event => {
    if (event.target.open && event.target.id !== 'waits') {
      pause();
    }
  }, true);
  byId('live').hidden = !interval;
  if (interval) {
    ask();
  }

  /** For tests, and for whoever is curious: what is shown now. */
  window.timeline = {
    state: () => ({view: layout.state.view, lanes: layout.state.lanes, items: layout.state.items.length,
      sections: layout.state.items.filter(item => item.type === 'head').length, folded: layout.state.folded, opened: layout.state.opened,
      spans: layout.state.spans.length, marks: layout.state.marks.length, labels: layout.state.items.map(item => item.label || ''),
      from: round(drawing.view.from), to: round(drawing.view.to), top: drawing.view.top, drawn: drawing.drawn, selected: drawing.selected,
      travel: drawing.way.length}),
    zoomTo: drawing.zoomTo,
    place: drawing.place
  };
})();
