// The chart. ECharts has the axis, zoom and marks. The bars are one path for each look, not an element for each bar, and what
// is narrower than a pixel is drawn once a pixel: so a million stay smooth.
const drawing = (() => {
  const m = model;
  // Okabe and Ito: told apart with any kind of colour vision. The name is written on the bar as well.
  const COLOURS = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00', '#B5A800', '#6A51A3'];
  const LIGHT = ['#E69F00', '#56B4E9', '#CC79A7', '#B5A800', '#009E73', '#D55E00']; // black letters on these, white ones on the others
  const THEMES = {
    light: {text: '#1b1b1b', soft: '#555555', line: '#e3e3e3', stripe: '#f6f6f6', head: '#e9eef3', wait: '#e4e4e4', waitEdge: '#444444',
      many: '#8a8a8a', area: '#7a8fa6', peak: '#40566e', trouble: '#B00020', halo: '#ffffff', way: '#000000'},
    dark: {text: '#ececec', soft: '#b4b4b4', line: '#33373d', stripe: '#1d2025', head: '#2a3038', wait: '#3c3c3c', waitEdge: '#c0c0c0',
      many: '#8f8f8f', area: '#6d86a3', peak: '#b9cce2', trouble: '#ff8a80', halo: '#14161a', way: '#ffffff'}};
  const MARK = '#B00020'; // with a white edge, to be seen on bars of all colours
  const MOST_LABELS = 300;
  const LEFT = 170, RIGHT = 34, TOP = 6, BOTTOM = 66;
  const shortest = () => Math.min(100, m.data.length); // nanoseconds: the deepest zoom
  const NEAREST = 3; // pixels beside a bar that still count as on it
  const FULL = 0, HATCHED = COLOURS.length, THIN = 2 * COLOURS.length, OTHERS = 3 * COLOURS.length;
  const WAIT = OTHERS, OUTLINE = OTHERS + 1, SHARE = OTHERS + 2, STRIPE = OTHERS + 3, HEAD = OTHERS + 4, LOOKS = OTHERS + 5;
  const ORDER = [STRIPE, HEAD, WAIT, ...range(THIN), OUTLINE, SHARE, ...range(HATCHED), ...range(FULL)];

  function range(first) {
    return COLOURS.map((colour, n) => first + n);
  }

  const element = document.getElementById('chart');
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  let printing = false, selected = -1, version = 0;
  const theme = () => scheme.matches && !printing ? THEMES.dark : THEMES.light;

  // For each look a list of rectangles: x, y, width, height.
  const rectangles = Array.from({length: LOOKS}, () => []);
  let labels = [], names = [], areas = [], way = [];
  let view = {from: 0, to: m.data.length, x: 0, width: 1, y: 0, height: 1, top: 0};

  const colourOf = i => Math.max(0, layout.state.view === 'resource' ? m.thread[i] : m.resource[i]) % COLOURS.length;
  const labelOf = i => layout.state.view === 'resource' ? m.threadName(m.thread[i]) : m.resourceName(m.resource[i]);

  function layOut(box, api) {
    const [x0, y0] = api.coord([0, 0]);
    const perNano = (api.coord([m.data.length, 0])[0] - x0) / m.data.length;
    view = {from: (box.x - x0) / perNano, to: (box.x + box.width - x0) / perNano, x: box.x, width: box.width,
      y: box.y, height: box.height, top: box.y - y0, x0, y0, perNano};
    rectangles.forEach(list => { list.length = 0; });
    labels = [];
    names = [];
    areas = [];
    const {items} = layout.state;
    for (let n = layout.firstBelow(view.top); n < items.length && items[n].y < view.top + view.height; n++) {
      layOutItem(items[n], n, y0 + items[n].y);
    }
    way = selected < 0 ? [] : wayOf(selected);
    version++;
  }

  function name(item, text, y, weight) {
    if (y > view.y + 4 && y < view.y + view.height - 4) {
      names.push({x: 8, y, text, weight, width: LEFT - 16});
    }
  }

  function layOutItem(item, n, y) {
    if (item.type === 'head') {
      rectangles[HEAD].push(view.x, y + 2, view.width, item.h - 4);
      name(item, item.label, y + item.h / 2, 'bold');
      if (y + item.h / 2 < view.y + view.height) {
        labels.push({x: view.x + 8, y: y + item.h / 2, text: item.words, align: 'left', plain: true});
      }
    } else if (item.type === 'lane') {
      if (n % 2) {
        rectangles[STRIPE].push(view.x, y, view.width, item.h);
      }
      name(item, item.label, y + item.h / 2, 'normal');
      layOutRow(item, y + item.h / 2, item.h * 0.8);
    } else if (item.type === 'area') {
      layOutArea(item, y);
    }
  }

  function layOutArea(item, y) {
    const left = Math.max(view.x, view.x0), right = Math.min(view.x + view.width, view.x0 + m.data.length * view.perNano);
    const parts = Math.max(1, Math.floor(right - left));
    const {means, mosts} = m.meansOf(item.stairs, (left - view.x0) / view.perNano, (right - view.x0) / view.perNano, parts);
    let most = item.limit > 0 ? item.limit : 1;
    for (const value of mosts) {
      most = Math.max(most, value);
    }
    const foot = y + item.h - 3, scale = (item.h - 8) / most;
    const fill = [[left, foot]], peak = [];
    for (let part = 0; part < parts; part++) {
      fill.push([left + part, foot - means[part] * scale]);
      peak.push([left + part, foot - mosts[part] * scale]);
    }
    fill.push([left + parts, foot - means[parts - 1] * scale], [left + parts, foot]);
    areas.push({fill, peak, limit: item.limit > 0 ? [[left, foot - item.limit * scale], [right, foot - item.limit * scale]] : null,
      queue: item.of === 'queue'});
    name(item, item.label + ', at most ' + Number(most.toPrecision(3)), y + item.h / 2, 'normal');
  }

  function layOutRow({spans, ends}, middle, height) {
    const right = view.x + view.width;
    const drawn = [-1, -1, -1]; // up to which pixel: full, thin, waiting
    for (let n = m.firstAfter(ends, view.from); n < spans.length; n++) {
      const i = spans[n];
      if (m.from[i] > view.to) {
        break;
      }
      if (m.to[i] < view.from) {
        continue;
      }
      const of = m.kind[i];
      const layer = of === m.IDLE ? 1 : m.isWait(i) ? 2 : 0;
      const x = Math.max(view.x, view.x0 + m.from[i] * view.perNano);
      const end = Math.min(right, Math.max(view.x0 + m.to[i] * view.perNano, x + 1));
      if (end < drawn[layer] + 1 && n + 1 < spans.length) {
        continue; // this pixel has one already
      }
      drawn[layer] = end;
      bar(i, x, end - x, middle, height);
    }
  }

  function bar(i, x, width, middle, height) {
    const of = m.kind[i], top = middle - height / 2;
    if (of === m.MANY) {
      const share = Math.max(0.1, Math.min(1, m.busy(i) / Math.max(1, m.to[i] - m.from[i])));
      rectangles[OUTLINE].push(x, top, width, height);
      rectangles[SHARE].push(x, top + height * (1 - share), width, height * share);
    } else if (m.isWait(i)) {
      rectangles[WAIT].push(x, middle - height / 4, width, height / 2);
    } else if (of === m.IDLE) {
      rectangles[THIN + colourOf(i)].push(x, middle - 2, width, 4);
    } else {
      rectangles[(of === m.LEASED ? FULL : HATCHED) + colourOf(i)].push(x, top, width, height);
    }
    if (of === m.LEASED && width > 26 && labels.length < MOST_LABELS) {
      const text = labelOf(i), fits = Math.floor((width - 6) / 6.5);
      if (fits >= Math.min(text.length, 4)) {
        labels.push({x: x + width / 2, y: middle, text: text.length > fits ? '…' + text.slice(1 - fits) : text, align: 'center', // the end tells them apart
          dark: LIGHT.includes(COLOURS[colourOf(i)])});
      }
    }
  }

  /** From lease to lease, through all lanes: the way that the selected resource went, or the selected thread. */
  function wayOf(i) {
    const column = layout.state.view === 'resource' ? m.thread : m.resource;
    const points = [];
    for (let n = 0; column[i] >= 0 && n < m.count && points.length < 20000; n++) {
      const y = column[n] === column[i] && m.kind[n] !== m.CLOSING ? layout.yOf(n) : -1;
      if (y >= 0) {
        points.push([view.x0 + m.from[n] * view.perNano, view.y0 + y], [view.x0 + m.to[n] * view.perNano, view.y0 + y]);
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

  function styleOf(look) {
    const colour = COLOURS[look % COLOURS.length], paint = theme();
    switch (look) {
      case WAIT: return {fill: paint.wait, stroke: paint.waitEdge, lineWidth: 1, lineDash: [3, 2]};
      case OUTLINE: return {fill: 'none', stroke: paint.many, lineWidth: 0.5};
      case SHARE: return {fill: paint.many};
      case STRIPE: return {fill: paint.stripe};
      case HEAD: return {fill: paint.head};
      default: return look < HATCHED ? {fill: colour}
        : look < THIN ? {fill: {image: hatches[look % COLOURS.length], repeat: 'repeat'}, stroke: colour}
        : {fill: colour, opacity: 0.75};
    }
  }

  const text = (x, y, words, more) => ({type: 'text', silent: true,
    style: {x, y, text: words, verticalAlign: 'middle', font: '11px system-ui, sans-serif', ...more}});

  function renderItem(params, api) {
    if (params.dataIndex === 0) {
      layOut(params.coordSys, api);
    }
    if (params.dataIndex < LOOKS) {
      const look = ORDER[params.dataIndex];
      return {type: 'bars', shape: {look, version}, style: styleOf(look), silent: true};
    }
    const paint = theme(), children = [];
    for (const {fill, peak, limit, queue} of areas) {
      children.push({type: 'polygon', silent: true, shape: {points: fill}, style: {fill: queue ? paint.trouble : paint.area, opacity: queue ? 0.45 : 0.6}},
        {type: 'polyline', silent: true, shape: {points: peak}, style: {stroke: queue ? paint.trouble : paint.peak, lineWidth: 0.75, fill: 'none'}});
      if (limit) {
        children.push({type: 'polyline', silent: true, shape: {points: limit}, style: {stroke: paint.soft, lineWidth: 1, lineDash: [4, 3], fill: 'none'}});
      }
    }
    for (const label of labels) {
      children.push(text(label.x, label.y, label.text, {align: label.align, fill: label.plain ? paint.text : label.dark ? '#000' : '#fff'}));
    }
    if (way.length > 1) {
      children.push({type: 'polyline', silent: true, shape: {points: way}, style: {stroke: paint.way, lineWidth: 1.5, fill: 'none', opacity: 0.8}});
    }
    if (selected >= 0 && layout.yOf(selected) >= 0) {
      const x = view.x0 + m.from[selected] * view.perNano, width = Math.max(3, (m.to[selected] - m.from[selected]) * view.perNano);
      children.push({type: 'rect', silent: true, shape: {x: x - 2, y: view.y0 + layout.yOf(selected) - 11, width: width + 4, height: 22},
        style: {stroke: paint.way, lineWidth: 2, fill: 'none'}});
    }
    return {type: 'group', silent: true, $mergeChildren: false, children};
  }

  /** The names of the lanes, left of the chart, where the bars' series is cut off. */
  function renderNames() {
    return {type: 'group', silent: true, $mergeChildren: false, children: names.map(({x, y, text: words, weight, width}) =>
      text(x, y, words, {align: 'left', fill: theme().text, font: weight + ' 12px system-ui, sans-serif', width, overflow: 'truncate'}))};
  }

  const axisMoment = ns => String(Number((ns / m.axisUnit).toFixed(m.placesFor(view.to - view.from)))) + ' ' + m.axisName;
  const chart = echarts.init(element, null, {renderer: 'canvas'});
  const zoomX = () => ({xAxisIndex: 0, filterMode: 'none', minValueSpan: shortest()});
  const zoomY = {yAxisIndex: 0, filterMode: 'none', zoomLock: true};
  const heightOfLanes = () => Math.max(40, element.clientHeight - TOP - BOTTOM);
  const dummies = number => Array.from({length: number}, () => [0, 0]);

  function marks() {
    const shown = layout.state.marks, paint = theme();
    return shown.map(mark => ({value: [mark.at, layout.yOfMark(mark)], symbol: m.TROUBLES[mark.trouble].symbol,
      label: {show: shown.length <= 500, position: 'top', distance: 2, align: mark.at > m.data.length * 0.9 ? 'right' : 'center',
        formatter: m.TROUBLES[mark.trouble].name, color: paint.trouble, fontWeight: 'bold', textBorderColor: paint.halo, textBorderWidth: 3}}));
  }

  function option(range, top) {
    const height = heightOfLanes(), whole = Math.max(layout.state.height, height), paint = theme();
    const first = Math.max(0, Math.min(whole - height, top));
    return {
      animation: false,
      grid: {left: LEFT, right: RIGHT, top: TOP, bottom: BOTTOM},
      xAxis: {type: 'value', min: 0, max: m.data.length, axisLabel: {formatter: axisMoment, hideOverlap: true, showMaxLabel: false, color: paint.soft},
        axisLine: {lineStyle: {color: paint.soft}}, splitLine: {lineStyle: {color: paint.line}}},
      yAxis: {type: 'value', inverse: true, min: 0, max: whole, show: false},
      dataZoom: [
        {id: 'x', type: 'slider', ...zoomX(), startValue: range[0], endValue: range[1], height: 22, bottom: 10, showDataShadow: false, throttle: 0,
          labelFormatter: '', borderColor: paint.line, fillerColor: paint.area + '55'},
        {id: 'xi', type: 'inside', ...zoomX(), startValue: range[0], endValue: range[1], throttle: 0},
        {id: 'y', type: 'slider', ...zoomY, show: whole > height, width: 16, right: 8, showDetail: false, showDataShadow: false, throttle: 0,
          brushSelect: false, borderColor: paint.line, fillerColor: paint.area + '55', startValue: first, endValue: first + height},
        {id: 'yi', type: 'inside', ...zoomY, zoomOnMouseWheel: false, moveOnMouseWheel: 'shift', moveOnMouseMove: true, throttle: 0,
          startValue: first, endValue: first + height}],
      series: [
        {type: 'custom', clip: true, silent: true, renderItem, encode: {x: 0, y: 1}, data: dummies(LOOKS + 1)},
        {type: 'custom', clip: false, silent: true, renderItem: renderNames, encode: {x: 0, y: 1}, data: dummies(1)},
        {type: 'scatter', clip: true, silent: true, z: 5, symbolSize: 13, itemStyle: {color: MARK, borderColor: '#ffffff', borderWidth: 1.5},
          labelLayout: {hideOverlap: true}, data: marks()}]
    };
  }

  const seen = () => [Math.max(0, view.from), Math.min(m.data.length, view.to)];

  /** Everything anew; at the same time and height if these are kept, or at another time. */
  function refresh(keep, range = keep ? seen() : [0, m.data.length]) {
    chart.resize();
    chart.setOption(option(range, keep ? view.top : 0), {replaceMerge: ['series', 'dataZoom']});
  }

  function redraw() {
    chart.setOption({series: [{data: dummies(LOOKS + 1)}]});
  }

  function zoomTo(start, end) {
    const span = Math.max(shortest(), Math.min(m.data.length, end - start));
    const begin = Math.max(0, Math.min(m.data.length - span, start));
    chart.dispatchAction({type: 'dataZoom', dataZoomId: 'x', startValue: begin, endValue: begin + span});
  }

  function scrollTo(top) {
    const height = heightOfLanes(), first = Math.max(0, Math.min(layout.state.height - height, top));
    chart.dispatchAction({type: 'dataZoom', dataZoomId: 'y', startValue: first, endValue: first + height});
  }

  function reveal(y, start, end) {
    if (y < view.top + layout.LANE || y > view.top + view.height - layout.LANE) {
      scrollTo(y - view.height / 2);
    }
    if (start < view.from || end > view.to) {
      const span = Math.max(view.to - view.from, (end - start) * 1.2);
      zoomTo((start + end - span) / 2, (start + end + span) / 2);
    }
  }

  function markAt(x, y) {
    return layout.state.marks.find(mark => Math.abs(view.y0 + layout.yOfMark(mark) - y) < layout.LANE / 2
      && Math.abs(view.x0 + mark.at * view.perNano - x) < 8);
  }

  /** The bar, mark or area at a pixel. */
  function at(x, y) {
    if (x < view.x || x > view.x + view.width || y < view.y || y > view.y + view.height) {
      return null;
    }
    const mark = markAt(x, y);
    if (mark) {
      return {mark};
    }
    const item = layout.state.items[layout.firstBelow(y - view.y0)];
    if (!item || !item.spans) {
      return null;
    }
    const time = (x - view.x0) / view.perNano, reach = NEAREST / view.perNano;
    if (item.type === 'area') {
      return {item, time, spans: spansAt(item, time - reach / 2, time + reach / 2)};
    }
    let best = -1, bestMiss = Infinity;
    for (const i of spansAt(item, time - reach, time + reach)) {
      const miss = Math.max(0, m.from[i] - time, time - m.to[i]);
      if (miss < bestMiss || miss === bestMiss && m.kind[best] === m.IDLE) {
        best = i;
        bestMiss = miss;
      }
    }
    return best < 0 ? null : {span: best};
  }

  function spansAt({spans, ends}, start, end) {
    const found = [];
    for (let n = m.firstAfter(ends, start); n < spans.length && m.from[spans[n]] <= end; n++) {
      if (m.to[spans[n]] >= start) {
        found.push(spans[n]);
      }
    }
    return found;
  }

  /** Before there is other data. */
  function forget() {
    selected = -1;
  }

  function select(i) {
    selected = i;
    redraw();
    if (i >= 0 && layout.yOf(i) >= 0) {
      reveal(layout.yOf(i), m.from[i], m.to[i]);
    }
  }

  function print(now) {
    printing = now;
    refresh(true);
  }

  return {chart, theme, scheme, hatches, COLOURS, refresh, zoomTo, scrollTo, reveal, at, select, forget, print, heightOfLanes,
    get view() { return view; }, get selected() { return selected; }, get way() { return way; },
    get drawn() { return rectangles.slice(0, STRIPE).reduce((sum, list, look) => sum + (look === SHARE ? 0 : list.length / 4), 0); },
    place: i => ({x: view.x0 + (m.from[i] + m.to[i]) / 2 * view.perNano, y: view.y0 + layout.yOf(i)})};
})();
