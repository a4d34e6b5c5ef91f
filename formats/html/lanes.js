// Which rows the timeline has, from top to bottom: who owns the GIL, how many wait for it, CPUs in use, then the
// threads, those that waited most first; grouped by GIL where there are several.
const Lanes = (() => {
  const MOST = 12;  // lanes of threads, until somebody asks for all
  const ALL = 300;  // a canvas can be no taller; the tables have every thread
  const LANE = 20, THIN = 14, GROUP = 18;

  function describedTracks(model) {
    return model.tracks.map((track) => {
      const times = new Float64Array(model.activities.length);
      for (const thread of track.threads) model.whole[thread].forEach((time, kind) => { times[kind] += time; });
      return {
        kind: 'track', gil: model.threads[track.threads[0]].gil, threads: track.threads, height: LANE, times,
        lanes: track.threads.map((thread) => model.lanes[thread]),
        name: track.name, count: track.threads.length,
      };
    });
  }

  // Those that waited most come first, then those that did most. Threads that are much alike keep the order of their
  // names: a staircase is easier to see that way.
  function sorted(tracks, measures) {
    const [measure, ...others] = measures;
    if (!measure) return tracks.slice().sort((a, b) => Words.natural(a.name, b.name));
    const rest = tracks.slice().sort((a, b) => measure(b) - measure(a));
    const out = [];
    while (rest.length > 0) {
      const least = 0.7 * measure(rest[0]);
      const end = rest.findIndex((row) => measure(row) < least);
      out.push(...sorted(rest.splice(0, end < 0 ? rest.length : end), others));
    }
    return out;
  }

  const waiting = (row) => row.times[WAITS];
  const active = (row) => row.times[HOLDS] + row.times[OFF_CPU] + row.times[RUNS];

  function gilRows(model, gil, several) {
    const rows = [];
    if (model.tenures[gil] && model.tenures[gil].count > 0) {
      rows.push({ kind: 'owner', gil, name: 'GIL held by', height: THIN, tenures: model.tenures[gil] });
    }
    if (model.waiters[gil].most > 0) {
      rows.push({ kind: 'waiters', gil, name: `threads waiting${several ? ' for it' : ''}`, height: THIN, steps: model.waiters[gil] });
    }
    return rows;
  }

  function cpuRows(model) {
    if (model.cpuUse.count === 0) return [];
    const most = Math.max(model.cpus, model.cpuUse.used.reduce((x, y) => Math.max(x, y), 0));
    return [{ kind: 'cpus', name: 'CPUs in use', height: THIN, most }];
  }

  const place = (model, gil) => model.gils[gil]?.place ?? gil;

  // { rows, hidden: how many tracks are not shown }
  function rows(model, all) {
    const tracks = sorted(describedTracks(model), [waiting, active]);
    const shown = tracks.slice(0, all ? ALL : MOST);
    const gils = [...new Set(shown.map((track) => track.gil))].sort((a, b) => place(model, a) - place(model, b));
    const several = gils.length > 1;
    const cpus = cpuRows(model);
    const out = several ? cpus : [];
    for (const gil of gils) {
      const { heading, process = '' } = model.gils[gil] || {};
      if (several || heading) out.push({ kind: 'group', name: heading || process, height: GROUP });
      out.push(...gilRows(model, gil, several));
      if (!several) out.push(...cpus);
      out.push(...shown.filter((track) => track.gil === gil));
    }
    return { rows: out, hidden: tracks.length - shown.length };
  }

  const label = (row) => (row.count > 1 ? `${row.name} × ${Words.grouped(row.count)}` : row.name);

  return { label, rows };
})();
