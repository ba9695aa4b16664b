// The page of perthread timeline. ECharts has the axes, zoom, marks and histogram. The bars are one path for each look, not
// an element for each bar, and what is narrower than a pixel is drawn once a pixel: so a hundred thousand stay smooth.
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('data').textContent);
  const byId = id => document.getElementById(id);
  const OPENING = 0, LEASED = 1, IDLE = 2, CLOSING = 3, WAITING = 4;
  const KINDS = ['opening', 'leased', 'idle', 'closing', 'waiting'];
  const TROUBLES = [
    {name: 'leak', words: 'leaked', symbol: 'triangle'},
    {name: 'opening failed', words: 'opening failed', symbol: 'path://M2 0 5 3 8 0 10 2 7 5 10 8 8 10 5 7 2 10 0 8 3 5 0 2Z'},
    {name: 'closing failed', words: 'closing failed', symbol: 'path://M0 0H10V10H0ZM2 2V8H8V2Z'},
    {name: 'waited in vain', words: 'waited in vain', symbol: 'diamond'}];
  // Okabe and Ito: told apart with any kind of colour vision. The number is written on the bar as well.
  const COLOURS = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#B5A800', '#6A51A3'];
  const LIGHT = ['#E69F00', '#56B4E9', '#CC79A7', '#B5A800']; // black letters on these, white ones on the others
  const TROUBLE = '#B00020';
  const NEAREST = 3; // pixels beside a bar that still count as on it
  const MOST_LABELS = 300;
  const LANE_HEIGHT = 24; // pixels, about; the whole chart holds as many as fit
  const SHORTEST = 100; // nanoseconds: the deepest zoom

  // ---- The data, by columns, as it came; and the rows, which are all lanes' rows one below the other.
  const count = data.spans.kind.length;
  const kind = data.spans.kind, resource = data.spans.resource;
  const from = new Float64Array(count), to = new Float64Array(count);
  const firstRow = [];
  let rows = 0;
  for (const lane of data.lanes) {
    firstRow.push(rows);
    rows += lane[2];
  }
  const laneOfRow = new Int32Array(rows);
  data.lanes.forEach((lane, i) => laneOfRow.fill(i, firstRow[i], firstRow[i] + lane[2]));
  for (let i = 0, at = 0; i < count; i++) {
    at += data.spans.after[i];
    from[i] = at;
    to[i] = at + data.spans.length[i];
  }
  const rowOf = i => firstRow[data.spans.lane[i]] + data.spans.row[i];
  const marks = data.marks.map(([trouble, lane, row, at, of, note, stack]) =>
    ({trouble, lane, row: firstRow[lane] + row, at, resource: of, note: data.texts[note], stack: data.texts[stack]}));

  // ---- Lengths and moments in words.
  function words(ns) {
    const [unit, name] = ns < 1e3 ? [1, 'ns'] : ns < 1e6 ? [1e3, 'µs'] : ns < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
    return String(Number((ns / unit).toPrecision(3))) + ' ' + name;
  }
  const [axisUnit, axisName] = data.length < 1e6 ? [1e3, 'µs'] : data.length < 1e9 ? [1e6, 'ms'] : [1e9, 's'];
  const moment = ns => String(Number((ns / axisUnit).toFixed(9))) + ' ' + axisName;
  const clock = ns => new Date(data.begin + ns / 1e6).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const resourceName = of => of < 0 ? '' : data.resources[of];

  // ---- What the filter lets through: rows that are shown, each with its spans in the order of time.
  const filter = {thread: '', resource: ''};
  let shown = [], shownMarks = [], shownSpans = 0, placeOfRow = new Int32Array(rows), selected = -1;

  function applyFilter() {
    const part = filter.thread.toLowerCase();
    const lanes = data.lanes.map(([name]) => name.toLowerCase().includes(part));
    const wanted = filter.resource.trim().toLowerCase();
    const number = /^#?\d+$/.test(wanted) ? '#' + wanted.replace('#', '') : null;
    const resources = data.resources.map(name => number ? name.endsWith(' ' + number) || name === number : name.toLowerCase().includes(wanted));
    const passes = of => wanted === '' || of >= 0 && resources[of];
    const lists = Array.from({length: rows}, () => []);
    shownSpans = 0;
    for (let i = 0; i < count; i++) {
      if (lanes[data.spans.lane[i]] && passes(resource[i])) {
        lists[rowOf(i)].push(i);
        shownSpans++;
      }
    }
    shownMarks = marks.filter(mark => lanes[mark.lane] && passes(mark.resource));
    const marked = new Set(shownMarks.map(mark => mark.row));
    shown = [];
    placeOfRow.fill(-1);
    lists.forEach((spans, row) => {
      if (spans.length || marked.has(row)) {
        placeOfRow[row] = shown.length;
        let longest = -1; // the latest end so far: idle may be overtaken by what comes after it
        const ends = Float64Array.from(spans, i => longest = Math.max(longest, to[i]));
        shown.push({row, lane: laneOfRow[row], spans, ends});
      }
    });
  }

  // ---- The bars. For each look a list of rectangles: x, y, width, height.
  const LOOKS = COLOURS.length * 3 + 1; // full, hatched, thin, each in all colours; and waiting
  const rectangles = Array.from({length: LOOKS}, () => []);
  let labels = [], travel = [], version = 0;
  let view = {from: 0, to: data.length, x: 0, width: 1, y: 0, height: 1, rowY: 0, rowHeight: 1};

  function look(of, i) {
    if (of === WAITING) {
      return LOOKS - 1;
    }
    const colour = Math.max(0, resource[i]) % COLOURS.length;
    return (of === LEASED ? 0 : of === IDLE ? 2 : 1) * COLOURS.length + colour;
  }

  /** Where to begin to look for what ends after a moment. */
  function firstAfter(ends, moment) {
    let low = 0, high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] < moment) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  function layOut(box, api) {
    const [x0, y0] = api.coord([0, 0]);
    const perNano = (api.coord([data.length, 0])[0] - x0) / data.length;
    const rowHeight = api.size([0, 1])[1];
    view = {from: (box.x - x0) / perNano, to: (box.x + box.width - x0) / perNano, x: box.x, width: box.width,
      y: box.y, height: box.height, rowY: y0, rowHeight, x0, perNano};
    rectangles.forEach(list => { list.length = 0; });
    labels = [];
    const first = Math.max(0, Math.ceil((box.y - y0) / rowHeight - 0.5));
    const last = Math.min(shown.length - 1, Math.floor((box.y + box.height - y0) / rowHeight + 0.5));
    for (let place = first; place <= last; place++) {
      layOutRow(shown[place], y0 + place * rowHeight, Math.min(30, rowHeight * 0.8));
    }
    travel = selected < 0 ? [] : travelOf(resource[selected]);
    version++;
  }

  function layOutRow({spans, ends}, middle, height) {
    const right = view.x + view.width;
    let drawn = [-1, -1, -1]; // up to which pixel: full, thin, waiting
    for (let n = firstAfter(ends, view.from); n < spans.length; n++) {
      const i = spans[n];
      if (from[i] > view.to) {
        break;
      }
      if (to[i] < view.from) {
        continue;
      }
      const of = kind[i];
      const layer = of === IDLE ? 1 : of === WAITING ? 2 : 0;
      const x = Math.max(view.x, view.x0 + from[i] * view.perNano);
      const end = Math.min(right, Math.max(view.x0 + to[i] * view.perNano, x + 1));
      if (end < drawn[layer] + 1 && n + 1 < spans.length) {
        continue; // this pixel has one already
      }
      drawn[layer] = end;
      const thick = of === IDLE ? Math.max(2, height * 0.22) : of === WAITING ? height * 0.5 : height;
      rectangles[look(of, i)].push(x, middle - thick / 2, end - x, thick);
      if (of === LEASED && end - x > 26 && height > 9 && labels.length < MOST_LABELS) {
        const text = resourceName(resource[i]);
        if (end - x > text.length * 7 + 6) {
          labels.push({x: (x + end) / 2, y: middle, text,
            dark: LIGHT.includes(COLOURS[resource[i] % COLOURS.length])});
        }
      }
    }
  }

  /** From lease to lease, through all lanes: the way that the selected resource went. */
  function travelOf(of) {
    const points = [];
    if (of < 0) {
      return points;
    }
    for (let i = 0; i < count && points.length < 20000; i++) {
      const place = placeOfRow[rowOf(i)];
      if (resource[i] === of && kind[i] !== CLOSING && place >= 0) {
        const y = view.rowY + place * view.rowHeight;
        points.push([view.x0 + from[i] * view.perNano, y], [view.x0 + to[i] * view.perNano, y]);
      }
    }
    return points;
  }

  const Bars = echarts.graphic.extendShape({
    shape: {look: 0, version: 0},
    buildPath(path, shape) {
      const list = rectangles[shape.look];
      for (let n = 0; n < list.length; n += 4) {
        path.rect(list[n], list[n + 1], list[n + 2], list[n + 3]);
      }
    }
  });
  echarts.graphic.registerShape('bars', Bars);

  function hatch(colour) {
    const tile = document.createElement('canvas');
    tile.width = tile.height = 6;
    const pen = tile.getContext('2d');
    pen.fillStyle = '#fff';
    pen.fillRect(0, 0, 6, 6);
    pen.strokeStyle = colour;
    pen.lineWidth = 2;
    pen.beginPath();
    for (const shift of [-6, 0, 6]) {
      pen.moveTo(shift - 1, 7);
      pen.lineTo(shift + 7, -1);
    }
    pen.stroke();
    return tile;
  }
  const hatches = COLOURS.map(hatch);

  function styleOf(number) {
    const colour = COLOURS[number % COLOURS.length];
    if (number === LOOKS - 1) {
      return {fill: '#e4e4e4', stroke: '#444', lineWidth: 1, lineDash: [3, 2]};
    }
    return number < COLOURS.length ? {fill: colour}
      : number < 2 * COLOURS.length ? {fill: {image: hatches[number % COLOURS.length], repeat: 'repeat'}, stroke: colour}
      : {fill: colour, opacity: 0.75};
  }

  function renderItem(params, api) {
    if (params.dataIndex === 0) {
      layOut(params.coordSys, api);
    }
    if (params.dataIndex < LOOKS) {
      const number = LOOKS - 1 - params.dataIndex; // waiting, then idle, and leased on top
      return {type: 'bars', shape: {look: number, version}, style: styleOf(number), silent: true};
    }
    const children = labels.map(({x, y, text, dark}) => ({type: 'text', silent: true,
      style: {x, y, text, align: 'center', verticalAlign: 'middle', fill: dark ? '#000' : '#fff', font: '11px sans-serif'}}));
    if (travel.length > 1) {
      children.push({type: 'polyline', silent: true, shape: {points: travel},
        style: {stroke: '#000', lineWidth: 1.5, fill: 'none', opacity: 0.8}});
    }
    return {type: 'group', silent: true, $mergeChildren: false, children};
  }

  // ---- The chart.
  const chart = echarts.init(byId('chart'), null, {renderer: 'canvas'});
  const zoomX = {xAxisIndex: 0, filterMode: 'none', minValueSpan: Math.min(SHORTEST, data.length)};
  const zoomY = {yAxisIndex: 0, filterMode: 'none'};
  let fitting = 1;

  function option() {
    fitting = Math.max(1, Math.floor((byId('chart').clientHeight - 80) / LANE_HEIGHT));
    const many = shown.length > fitting;
    return {
      animation: false,
      grid: {left: 150, right: many ? 44 : 16, top: 8, bottom: 68},
      xAxis: {type: 'value', min: 0, max: data.length, axisLabel: {formatter: moment, hideOverlap: true, showMaxLabel: false},
        splitLine: {lineStyle: {color: '#eee'}}},
      yAxis: {type: 'category', inverse: true, axisTick: {show: false}, splitArea: {show: true, areaStyle: {color: ['#fff', '#f7f7f7']}},
        axisLabel: {width: 140, overflow: 'truncate', interval: 0, color: '#1b1b1b'},
        data: shown.map(({row, lane}) => ({value: firstRow[lane] === row || !placeNeighbour(row, lane) ? data.lanes[lane][0] : ''}))},
      dataZoom: [
        {id: 'x', type: 'slider', ...zoomX, start: 0, end: 100, height: 22, bottom: 10, showDataShadow: false, throttle: 0,
          labelFormatter: ''},
        {id: 'xi', type: 'inside', ...zoomX, start: 0, end: 100, throttle: 0},
        {id: 'y', type: 'slider', ...zoomY, show: many, width: 18, right: 8, showDetail: false, showDataShadow: false, throttle: 0,
          startValue: 0, endValue: Math.max(0, Math.min(shown.length, fitting) - 1)},
        {id: 'yi', type: 'inside', ...zoomY, zoomOnMouseWheel: false, moveOnMouseWheel: 'shift', moveOnMouseMove: true, throttle: 0,
          startValue: 0, endValue: Math.max(0, Math.min(shown.length, fitting) - 1)}],
      series: [
        {type: 'custom', clip: true, silent: true, renderItem, encode: {x: 0, y: 1},
          data: Array.from({length: LOOKS + 1}, () => [0, 0])},
        {type: 'scatter', clip: true, silent: true, z: 5, symbolSize: 13, itemStyle: {color: TROUBLE, borderColor: '#fff', borderWidth: 1},
          labelLayout: {hideOverlap: true},
          data: shownMarks.map(mark => ({value: [mark.at, placeOfRow[mark.row]], symbol: TROUBLES[mark.trouble].symbol,
            label: {show: shownMarks.length <= 500, position: 'top', distance: 2, align: mark.at > data.length * 0.9 ? 'right' : 'center', formatter: () => TROUBLES[mark.trouble].name,
              color: TROUBLE, fontWeight: 'bold', textBorderColor: '#fff', textBorderWidth: 3}}))}]
    };
  }

  /** Whether an earlier row of the same lane is shown, which then has the name. */
  function placeNeighbour(row, lane) {
    for (let other = firstRow[lane]; other < row; other++) {
      if (placeOfRow[other] >= 0) {
        return true;
      }
    }
    return false;
  }

  // ---- Zooming and moving.
  const round = value => Math.max(0, Math.min(data.length, value));

  function zoomTo(start, end) {
    const span = Math.max(Math.min(SHORTEST, data.length), Math.min(data.length, end - start));
    const begin = Math.max(0, Math.min(data.length - span, start));
    chart.dispatchAction({type: 'dataZoom', dataZoomId: 'x', startValue: begin, endValue: begin + span});
  }

  function zoomBy(factor) {
    const middle = selected >= 0 ? Math.max(view.from, Math.min(view.to, (from[selected] + to[selected]) / 2))
      : (view.from + view.to) / 2;
    zoomTo(middle - (middle - view.from) * factor, middle + (view.to - middle) * factor);
  }

  function move(part) {
    const span = view.to - view.from;
    zoomTo(view.from + span * part, view.to + span * part);
  }

  function lanesFrom(first) {
    const start = Math.max(0, Math.min(shown.length - fitting, first));
    chart.dispatchAction({type: 'dataZoom', dataZoomId: 'y', startValue: start,
      endValue: Math.max(0, Math.min(shown.length, start + fitting) - 1)});
  }

  const firstLane = () => Math.max(0, Math.round((view.y - view.rowY) / view.rowHeight + 0.5));

  function reveal(place, start, end) {
    if (place < firstLane() || place >= firstLane() + fitting) {
      lanesFrom(place - (fitting >> 1));
    }
    if (start < view.from || end > view.to) {
      const span = Math.max(view.to - view.from, (end - start) * 1.2);
      zoomTo((start + end - span) / 2, (start + end + span) / 2);
    }
  }

  chart.on('datazoom', showRange);
  function showRange() {
    const start = round(view.from), end = round(view.to);
    const places = Math.max(0, Math.min(9, Math.ceil(Math.log10(axisUnit / Math.max(1, end - start))) + 3));
    byId('range').textContent = (start / axisUnit).toFixed(places) + ' to ' + (end / axisUnit).toFixed(places) + ' ' + axisName;
  }

  // ---- What is under the mouse, and what is selected.
  function describe(i) {
    const note = data.texts[data.spans.note[i]], stack = data.texts[data.spans.stack[i]];
    return [KINDS[kind[i]] + (resource[i] < 0 ? '' : ' ' + resourceName(resource[i])) + '  ' + words(to[i] - from[i]),
      'thread ' + data.lanes[data.spans.lane[i]][0],
      moment(from[i]) + ' to ' + moment(to[i]) + '  (' + clock(from[i]) + ')', note, stack].filter(Boolean).join('\n');
  }

  function describeMark(mark) {
    return [TROUBLES[mark.trouble].words + (mark.resource < 0 ? '' : ' ' + resourceName(mark.resource)),
      'thread ' + data.lanes[mark.lane][0], moment(mark.at) + '  (' + clock(mark.at) + ')', mark.note, mark.stack]
      .filter(Boolean).join('\n');
  }

  function at(x, y) {
    if (x < view.x || x > view.x + view.width || y < view.y || y > view.y + view.height) {
      return null;
    }
    const place = Math.round((y - view.rowY) / view.rowHeight);
    const row = shown[place];
    if (!row) {
      return null;
    }
    const mark = shownMarks.find(it => it.row === row.row && Math.abs(view.x0 + it.at * view.perNano - x) < 8);
    if (mark) {
      return {mark};
    }
    const time = (x - view.x0) / view.perNano, reach = NEAREST / view.perNano;
    let best = -1, bestMiss = Infinity;
    for (let n = firstAfter(row.ends, time - reach); n < row.spans.length && from[row.spans[n]] <= time + reach; n++) {
      const i = row.spans[n];
      const miss = Math.max(0, from[i] - time, time - to[i]);
      if (miss < bestMiss || miss === bestMiss && kind[best] === IDLE) {
        best = i;
        bestMiss = miss;
      }
    }
    return best < 0 ? null : {span: best};
  }

  const tip = byId('tip');
  chart.getZr().on('mousemove', event => {
    const hit = at(event.offsetX, event.offsetY);
    tip.hidden = !hit;
    if (hit) {
      tip.textContent = hit.mark ? describeMark(hit.mark) : describe(hit.span);
      const mouse = event.event;
      tip.style.left = Math.max(0, Math.min(mouse.clientX + 14, innerWidth - tip.offsetWidth - 8)) + 'px';
      tip.style.top = Math.max(0, Math.min(mouse.clientY + 14, innerHeight - tip.offsetHeight - 8)) + 'px';
    }
  });
  chart.getZr().on('globalout', () => { tip.hidden = true; });
  chart.getZr().on('click', event => {
    const hit = at(event.offsetX, event.offsetY);
    if (hit && hit.mark) {
      byId('detail').textContent = describeMark(hit.mark);
    } else {
      select(hit ? hit.span : -1);
    }
  });

  function select(i) {
    selected = i;
    byId('detail').textContent = i < 0 ? '' : describe(i);
    chart.setOption({series: [{data: Array.from({length: LOOKS + 1}, () => [0, 0])}]});
    if (i >= 0) {
      reveal(placeOfRow[rowOf(i)], from[i], to[i]);
    }
  }

  function step(direction) {
    const row = selected >= 0 && placeOfRow[rowOf(selected)] >= 0 ? shown[placeOfRow[rowOf(selected)]] : shown[firstLane()];
    if (row && row.spans.length) {
      const now = selected < 0 ? -1 : row.spans.indexOf(selected);
      const next = now < 0 ? firstAfter(row.ends, view.from) : now + direction;
      select(row.spans[Math.max(0, Math.min(row.spans.length - 1, next))]);
    }
  }

  let problem = -1;
  function toProblem(direction) {
    if (shownMarks.length) {
      problem = (problem + direction + shownMarks.length + (problem < 0 && direction < 0 ? 1 : 0)) % shownMarks.length;
      const mark = shownMarks[problem];
      reveal(placeOfRow[mark.row], mark.at, mark.at);
      byId('detail').textContent = describeMark(mark);
    }
  }

  const KEYS = {
    ArrowLeft: () => move(-0.1), ArrowRight: () => move(0.1),
    ArrowUp: () => lanesFrom(firstLane() - 3), ArrowDown: () => lanesFrom(firstLane() + 3),
    PageUp: () => lanesFrom(firstLane() - fitting), PageDown: () => lanesFrom(firstLane() + fitting),
    '+': () => zoomBy(0.5), '=': () => zoomBy(0.5), '-': () => zoomBy(2), '0': () => zoomTo(0, data.length),
    Home: () => zoomTo(0, data.length), '.': () => step(1), ',': () => step(-1), n: () => toProblem(1), p: () => toProblem(-1),
    Escape: () => { tip.hidden = true; select(-1); }, '/': () => byId('thread').focus()
  };
  byId('chart').addEventListener('keydown', event => {
    const act = KEYS[event.key];
    if (act && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      act();
    }
  });

  // ---- Totals and the histogram of waits, of what the filter lets through.
  function totals() {
    const sums = new Float64Array(KINDS.length), numbers = new Int32Array(KINDS.length), seen = new Set(), lanes = new Set();
    let longest = 0;
    for (const {lane, spans} of shown) {
      lanes.add(lane);
      for (const i of spans) {
        numbers[kind[i]]++;
        sums[kind[i]] += to[i] - from[i];
        if (resource[i] >= 0) {
          seen.add(resource[i]);
        }
        if (kind[i] === WAITING) {
          longest = Math.max(longest, to[i] - from[i]);
        }
      }
    }
    const of = trouble => shownMarks.filter(mark => mark.trouble === trouble).length;
    const cells = [['threads', lanes.size], ['resources', seen.size], ['openings', numbers[OPENING]],
      ['leases', numbers[LEASED], words(sums[LEASED])], ['idle', numbers[IDLE], words(sums[IDLE])],
      ['waits', numbers[WAITING], words(sums[WAITING])], ['longest wait', words(longest)],
      ...TROUBLES.map(({name}, trouble) => [name, of(trouble), '', true])];
    byId('totals').replaceChildren(...cells.map(([name, value, more, bad]) => {
      const cell = document.createElement('div'), term = document.createElement('dt'), text = document.createElement('dd');
      term.textContent = name;
      text.textContent = value + (more ? ', ' + more : '');
      cell.className = bad && value ? 'bad' : '';
      cell.dataset.name = name;
      cell.append(term, text);
      return cell;
    }));
  }

  const BOUNDS = []; // 1, 2, 5, 10 … microseconds, and so on to an hour
  for (let decade = 1e3; decade <= 3.6e12; decade *= 10) {
    BOUNDS.push(decade, 2 * decade, 5 * decade);
  }
  const histogram = echarts.init(byId('histogram'), null, {renderer: 'canvas'});

  function waits() {
    const served = new Int32Array(BOUNDS.length + 1), inVain = new Int32Array(BOUNDS.length + 1);
    let least = BOUNDS.length, most = -1;
    for (const {spans} of shown) {
      for (const i of spans) {
        if (kind[i] === WAITING) {
          let bucket = BOUNDS.findIndex(bound => to[i] - from[i] <= bound);
          bucket = bucket < 0 ? BOUNDS.length : bucket;
          (data.texts[data.spans.note[i]] ? inVain : served)[bucket]++;
          least = Math.min(least, bucket);
          most = Math.max(most, bucket);
        }
      }
    }
    byId('histogram').hidden = most < 0;
    if (most >= 0) {
      const names = [...BOUNDS.map(bound => '≤ ' + words(bound)), 'more'].slice(least, most + 1);
      histogram.resize();
      histogram.setOption({
        animation: false, title: {text: 'Waits', textStyle: {fontSize: 12}, top: 0}, grid: {left: 60, right: 8, top: 22, bottom: 22},
        legend: {top: 0, right: 0, itemHeight: 10, textStyle: {fontSize: 11}},
        xAxis: {type: 'category', data: names}, yAxis: {type: 'value', minInterval: 1, splitNumber: 2},
        series: [{name: 'served', type: 'bar', stack: 'all', barMaxWidth: 60, data: Array.from(served.slice(least, most + 1)), itemStyle: {color: '#777'}},
          {name: 'in vain', type: 'bar', stack: 'all', barMaxWidth: 60, data: Array.from(inVain.slice(least, most + 1)),
            itemStyle: {color: TROUBLE, decal: {symbol: 'rect', dashArrayX: [2, 2], dashArrayY: [4, 2], color: '#fff8'}}}]
      }, true);
      byId('histogram').setAttribute('aria-label', 'Histogram of waits: '
        + names.map((name, n) => name + ': ' + (served[least + n] + inVain[least + n])).join(', '));
    }
  }

  // ---- The legend shows how, not which: colours are by resource.
  function legend() {
    const entries = [['opening, closing', p => { p.fillStyle = p.createPattern(hatches[0], 'repeat'); p.fillRect(0, 2, 28, 12); }],
      ['leased', p => { p.fillStyle = COLOURS[0]; p.fillRect(0, 2, 28, 12); }],
      ['idle', p => { p.fillStyle = COLOURS[0]; p.fillRect(0, 6, 28, 3); }],
      ['waiting', p => { p.fillStyle = '#e4e4e4'; p.strokeStyle = '#444'; p.setLineDash([3, 2]); p.fillRect(0, 4, 28, 8); p.strokeRect(0.5, 4.5, 27, 7); }],
      ['a colour and a number for each resource', p => { COLOURS.slice(0, 4).forEach((colour, n) => { p.fillStyle = colour; p.fillRect(n * 7, 2, 7, 12); }); }]];
    byId('legend').replaceChildren(...entries.map(([name, draw]) => {
      const entry = document.createElement('span'), sample = document.createElement('canvas');
      sample.width = 28;
      sample.height = 16;
      draw(sample.getContext('2d'));
      entry.append(sample, name);
      return entry;
    }));
  }

  function show() {
    selected = -1;
    problem = -1;
    byId('detail').textContent = '';
    applyFilter();
    totals();
    waits();
    chart.resize();
    chart.setOption(option(), {replaceMerge: ['series', 'dataZoom']});
    showRange();
  }

  byId('source').textContent = data.source + ', ' + clock(0) + ', ' + words(data.length);
  byId('hint').textContent = data.hint;
  document.title = 'PerThread timeline: ' + data.source;
  byId('thread').addEventListener('input', event => { filter.thread = event.target.value; show(); });
  byId('resource').addEventListener('input', event => { filter.resource = event.target.value; show(); });
  byId('filter').addEventListener('submit', event => event.preventDefault());
  byId('in').addEventListener('click', () => zoomBy(0.5));
  byId('out').addEventListener('click', () => zoomBy(2));
  byId('all').addEventListener('click', () => zoomTo(0, data.length));
  byId('next').addEventListener('click', () => toProblem(1));
  addEventListener('resize', () => { chart.resize(); histogram.resize(); });
  legend();
  show();

  /** For tests, and for whoever is curious: what is shown now. */
  window.timeline = {
    state: () => ({lanes: new Set(shown.map(row => row.lane)).size, rows: shown.length, spans: shownSpans, marks: shownMarks.length,
      from: round(view.from), to: round(view.to), drawn: rectangles.reduce((sum, list) => sum + list.length / 4, 0),
      selected, travel: travel.length}),
    zoomTo,
    place: i => ({x: view.x0 + (from[i] + to[i]) / 2 * view.perNano, y: view.rowY + placeOfRow[rowOf(i)] * view.rowHeight})
  };
})();
