/* Draws the plan of this file. Every text of a table reaches the page as text, never as HTML. */
(() => {
  "use strict";

  const data = JSON.parse(document.getElementById("siting-data").textContent);
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  // --- Around the antimeridian -------------------------------------------------------------------

  /** A longitude as tables have it: on a map around the antimeridian they go on beyond 180. */
  const usual = (lon) => (lon > 180 ? lon - 360 : lon < -180 ? lon + 360 : lon);
  function eachPosition(coordinates, tell) {
    if (typeof coordinates[0] === "number") tell(coordinates);
    else coordinates.forEach((part) => eachPosition(part, tell));
  }
  /** The middle of what the plans draw, if it lies on both sides of 180 degrees: else null. */
  function middleBeyond180() {
    const found = [];
    for (const plan of data.plans) {
      for (const { features } of [plan.campuses, plan.links, plan.clusters]) {
        for (const { geometry } of features) if (geometry) eachPosition(geometry.coordinates, ([lon]) => found.push(lon));
      }
    }
    found.sort((a, b) => a - b);
    if (!found.length || found[found.length - 1] - found[0] <= 180) return null;
    let widest = found[0] + 360 - found[found.length - 1], west = 0;
    for (let k = 1; k < found.length; k++) if (found[k] - found[k - 1] > widest) { widest = found[k] - found[k - 1]; west = k; }
    return west === 0 ? null : (found[west] + found[west - 1] + 360) / 2;
  }
  /** Draw all in the round of the plans: lines and rings as a whole, so that none is torn. */
  function unwrap(middle) {
    const turn = (lon) => 360 * Math.round((middle - lon) / 360);
    const turned = (lon) => (typeof lon === "number" ? lon + turn(lon) : lon);
    const move = (coordinates) => {
      if (typeof coordinates[0] === "number") coordinates[0] = turned(coordinates[0]);
      else if (typeof coordinates[0][0] !== "number") coordinates.forEach(move);
      else {
        const lons = coordinates.map(([lon]) => lon);
        const by = turn((lons.reduce((a, b) => Math.min(a, b)) + lons.reduce((a, b) => Math.max(a, b))) / 2);
        for (const position of coordinates) position[0] += by;
      }
    };
    const moveAll = ({ features }) => features.forEach(({ geometry }) => { if (geometry) move(geometry.coordinates); });
    moveAll(data.zones);
    for (const { properties } of data.zones.features) properties.label_lon = turned(properties.label_lon);
    data.outlines.lines.forEach(move);
    for (const name of data.outlines.names) name.lon = turned(name.lon);
    if (data.sites.columns.lon) data.sites.columns.lon = data.sites.columns.lon.map(turned);
    for (const plan of data.plans) {
      for (const layer of [plan.campuses, plan.links, plan.clusters]) moveAll(layer);
      for (const plant of plan.plants) plant.lon = turned(plant.lon);
    }
  }
  const middle = middleBeyond180();
  if (middle !== null) unwrap(middle);

  // --- Words and numbers -------------------------------------------------------------------------

  /** Endings of names that carry a unit: ending, unit, decimals, factor. Longest first. */
  const UNITS = [
    ["_usd_per_mwh", "USD/MWh", 2, 1], ["_musd_per_year", "MUSD/year", 2, 1],
    ["_musd_per_mw", "MUSD/MW", 2, 1], ["_musd_per_km", "MUSD/km", 3, 1],
    ["_kg_per_mwh", "kg/MWh", 1, 1], ["_usd_per_year", "USD/year", 0, 1], ["_musd", "MUSD", 2, 1],
    ["_usd", "USD", 0, 1], ["_flop_per_s", "EFLOP/s", 1, 1e-18], ["_utilisation", "%", 2, 100], ["_goodput", "%", 2, 100], ["_accelerators", "", 0, 1], ["_mwh", "MWh/year", 0, 1], ["_fraction", "%", 1, 100], ["_gbps", "Gbps", 0, 1],
    ["_factor", "", 3, 1], ["_mw", "MW", 1, 1], ["_kv", "kV", 0, 1], ["_km", "km", 1, 1],
    ["_ms", "ms", 2, 1], ["_s", "s", 2, 1], ["_year", "", -1, 1],
  ];
  const NAMES = {
    draw_mw: "Draw at the meter", it_mw: "IT load", price_usd_per_mwh: "Energy price",
    cost_musd_per_year: "Cost", clean_fraction: "Clean energy", grid_clean_fraction: "Clean in the grid's mix",
    co2_kg_per_mwh: "CO2", max_mw: "Site can carry", kv: "Voltage", existing_mw: "Stands there already",
    land_mw: "Land would hold", peak_mw: "Peak demand", headroom_mw: "Headroom", km: "Fiber route",
    delay_ms: "Delay, one way", rtt_ms: "Round trip", capacity_factor: "Capacity factor",
    premium_usd_per_mwh: "Premium", mw: "Capacity", max_fiber_km: "Longest link", interconnect: "Interconnection",
    pue: "PUE", pairs: "Fiber pairs", pairs_musd: "Fiber pairs, when new", fiber_km: "Fiber of all links", network: "Network", energised_year: "Energised",
  };

  function format(value, decimals) {
    if (decimals < 0) return String(value);
    // toLocaleString rounds the shortest decimal, so 349.95, which is a hair less, would be 350.0 here
    // and 349.9 in the report; toFixed rounds the number itself. Nothing is -0.
    const rounded = Number(value.toFixed(decimals)) || 0;
    return rounded.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  }
  function unitOf(key) {
    const bare = `_${key}`;
    return UNITS.find(([ending]) => bare.endsWith(ending));
  }
  function nameOf(key) {
    if (NAMES[key]) return NAMES[key];
    // A unit that is also the word stays: a utilisation is called so.
    const unit = /(^|_)(utilisation|goodput|accelerators)$/.test(key) ? null : unitOf(key);
    const words = (unit && key.length >= unit[0].length ? key.slice(0, key.length - unit[0].length) : key).replaceAll("_", " ").trim() || key;
    return words[0].toUpperCase() + words.slice(1);
  }
  /** A value with its unit, by the ending of its name. */
  function say(key, value) {
    if (value === null || value === undefined || value === "") return "not stated";
    if (typeof value === "boolean") return value ? "yes" : "no";
    if (Array.isArray(value)) return value.map((entry) => say("", entry)).join(", ");
    if (typeof value === "object") return Object.entries(value).map(([k, v]) => `${nameOf(k)} ${say(k, v)}`).join(", ");
    if (typeof value !== "number") return String(value);
    let unit = unitOf(key);
    if (unit && unit[0] === "_s" && Math.abs(value) < 1) unit = ["_s", "ms", 2, 1000];
    if (!unit) return value.toLocaleString("en-US", { maximumFractionDigits: 3 });
    const scaled = value * unit[3];
    const decimals = Number.isInteger(scaled) && scaled >= 10000 && unit[2] > 0 ? 0 : unit[2];
    return `${format(scaled, decimals)} ${unit[1]}`.trim();
  }
  const mw = (value) => `${format(value, 1)} MW`;
  const gwh = (mwh) => `${format(mwh / 1000, 1)} GWh/year`;
  const counted = (n, one, many) => `${n.toLocaleString("en-US")} ${n === 1 ? one : many}`;
  const sum = (values) => values.reduce((total, value) => total + value, 0);

  // --- Elements ----------------------------------------------------------------------------------

  function h(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== ""));
    return element;
  }
  function s(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  const pairs = (entries) => h("dl", { class: "pairs" }, entries.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  const facts = (entries) => h("dl", { class: "facts" }, entries.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));

  /** A table: columns are [heading, unit, isText]; rows are lists of cells, and of a line below them. */
  function table(caption, columns, rows, total) {
    const body = rows.flatMap((row) => {
      const cells = row.slice(0, columns.length), below = row[columns.length];
      const first = h("tr", { class: below ? "with-note" : null }, cells.map((cell, k) => h("td", { class: columns[k][2] ? "text" : null }, cell)));
      return below ? [first, h("tr", { class: "note" }, h("td", { colspan: columns.length }, below))] : [first];
    });
    if (total) body.push(h("tr", { class: "total" }, total.map((cell, k) => h("td", { class: columns[k][2] ? "text" : null }, cell))));
    return h("div", { class: "wide", role: "region", "aria-label": caption, tabindex: "0" },
      h("table", {}, h("caption", { class: "hidden" }, caption),
        h("thead", {}, h("tr", {}, columns.map(([heading, unit, text]) =>
          h("th", { scope: "col", class: text ? "text" : null }, heading, unit ? h("small", {}, unit) : null)))),
        h("tbody", {}, body)));
  }

  // --- What is drawn -----------------------------------------------------------------------------

  const zones = new Map(data.zones.features.map((feature) => [feature.properties.id, feature]));
  const tiers = new Map(data.tiers.map((tier) => [tier.name, tier]));
  const STROKES = { ethernet: [4.5, null], zr: [4.5, "12 5"], long_haul: [3, null], async: [2.5, "2 5"] };
  const stroke = (tier) => STROKES[tier] || [3, "8 4"];
  const sites = unpackSites(data.sites);
  let shown = data.plans[0];
  let use = new Map();
  let clusterNumber = new Map();

  function unpackSites(packed) {
    const columns = {};
    for (const [name, column] of Object.entries(packed.columns)) {
      columns[name] = column.texts ? column.codes.map((code) => (code < 0 ? null : column.texts[code])) : column;
    }
    return { count: packed.count, columns, position: new Map((columns.id || []).map((id, i) => [id, i])) };
  }

  const map = L.map("map", {
    attributionControl: false, zoomControl: false, zoomSnap: 0.25, zoomDelta: 0.75, wheelPxPerZoomLevel: 90,
    minZoom: 2, maxZoom: 14, fadeAnimation: !still, zoomAnimation: !still, markerZoomAnimation: !still, worldCopyJump: false, closePopupOnClick: true,
  });
  L.control.zoom({ position: "bottomright" }).addTo(map);
  L.control.scale({ position: "bottomleft", maxWidth: 140 }).addTo(map);

  const PANES = [["zones", 300], ["groups", 310], ["states", 320], ["places", 325], ["dots", 330], ["extents", 340],
    ["contracts", 350], ["links", 360], ["plants", 370], ["campuses", 600]];
  const drawn = {};
  for (const [name, order] of PANES) {
    map.createPane(name).style.zIndex = order;
    if (!["dots", "campuses", "places"].includes(name)) drawn[name] = L.svg({ pane: name, padding: 0.4 });
  }
  for (const name of ["groups", "states", "places", "dots", "extents", "contracts"]) map.getPane(name).style.pointerEvents = "none";

  const layer = Object.fromEntries(
    ["zones", "groups", "states", "extents", "contracts", "links", "plants", "campuses"].map((name) => [name, L.layerGroup()]));
  const flip = (coordinates) => (typeof coordinates[0] === "number" ? [coordinates[1], coordinates[0]] : coordinates.map(flip));
  const path = (name, style) => ({ pane: name, renderer: drawn[name], smoothFactor: 0.4, ...style });
  const polygon = (geometry, options) => L.polygon(flip(geometry.coordinates), options);

  /** Candidate sites: thousands of dots on one canvas, drawn in two strokes of the pen. */
  const Dots = L.Renderer.extend({
    _initContainer() { this._container = L.DomUtil.create("canvas", "dots"); this._container.setAttribute("aria-hidden", "true"); },
    _destroyContainer() { L.DomUtil.remove(this._container); delete this._container; },
    _updatePaths() {}, _onZoomEnd() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize(), sharp = window.devicePixelRatio || 1, canvas = this._container;
      L.DomUtil.setPosition(canvas, this._bounds.min);
      canvas.width = sharp * size.x;
      canvas.height = sharp * size.y;
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
      const pen = canvas.getContext("2d");
      pen.scale(sharp, sharp);
      const scale = this._map.options.crs.scale(this._map.getZoom()) / 256, origin = this._map.getPixelOrigin().add(this._bounds.min);
      const style = getComputedStyle(root), radius = dotRadius();
      const marks = [[style.getPropertyValue("--dot-full"), false], [style.getPropertyValue("--dot"), true]];
      for (const [colour, fits] of marks) {
        pen.fillStyle = colour;
        pen.beginPath();
        for (let i = 0; i < sites.count; i++) {
          if (roomy[i] !== fits) continue;
          const x = at.x[i] * scale - origin.x, y = at.y[i] * scale - origin.y;
          if (x < -9 || y < -9 || x > size.x + 9 || y > size.y + 9) continue;
          const r = fits ? radius : radius * 0.75;
          if (r < 2) { // a dot this small is a square to the eye, and drawn ten times as fast
            pen.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
            continue;
          }
          pen.moveTo(x + r, y);
          pen.arc(x, y, r, 0, 7);
        }
        pen.globalAlpha = fits ? 0.8 : 0.55;
        pen.fill();
      }
    },
  });
  const dotRadius = () => Math.min(5, Math.max(1.1, 0.62 * map.getZoom() - 1.9));
  const at = { x: new Float64Array(sites.count), y: new Float64Array(sites.count) };
  const freeMw = new Float64Array(sites.count);
  let roomy = [];
  for (let i = 0; i < sites.count; i++) {
    const point = L.CRS.EPSG3857.latLngToPoint(L.latLng(sites.columns.lat[i], sites.columns.lon[i]), 0);
    at.x[i] = point.x;
    at.y[i] = point.y;
  }
  layer.sites = new Dots({ pane: "dots", padding: 0.2 });

  /** The largest campus that still fits at each site: site, campus and zones allow it [MW]. */
  function measureRoom() {
    const largest = data.model ? data.model.campus_max_mw : Infinity, least = data.model ? data.model.campus_min_mw : 0;
    const taken = new Map();
    for (const cluster of shown.plan.clusters) for (const campus of cluster.campuses) taken.set(campus.site, true);
    roomy = new Array(sites.count);
    for (let i = 0; i < sites.count; i++) {
      const zone = use.get(sites.columns.zone[i]);
      freeMw[i] = taken.has(sites.columns.id[i]) ? 0 : Math.min(sites.columns.max_mw[i], largest, zone && zone.can_give_mw !== null ? zone.can_give_mw : Infinity);
      roomy[i] = freeMw[i] > 0 && freeMw[i] >= least;
    }
  }
  function siteAt(place) {
    if (!map.hasLayer(layer.sites)) return -1;
    const scale = map.options.crs.scale(map.getZoom()) / 256, x = place.x / scale, y = place.y / scale;
    let best = -1, near = ((dotRadius() + 5) / scale) ** 2;
    for (let i = 0; i < sites.count; i++) {
      const apart = (at.x[i] - x) ** 2 + (at.y[i] - y) ** 2;
      if (apart < near) { near = apart; best = i; }
    }
    return best;
  }

  const zonePaths = new Map();
  function drawBackground() {
    for (const feature of data.zones.features) {
      if (!feature.geometry) continue;
      const { id, holds_zones: group } = feature.properties;
      if (group) {
        polygon(feature.geometry, path("groups", { className: "group", interactive: false })).addTo(layer.groups);
        // What lies outside of the zones in it is shaded where sites of its own stand there.
        if (!feature.own) continue;
      }
      const shape = polygon(feature.own || feature.geometry, path("zones", { className: "zone shade-none", bubblingMouseEvents: true }));
      shape.on("add", () => { const element = shape.getElement(); if (element) element.dataset.zone = id; });
      shape.addTo(layer.zones);
      zonePaths.set(id, shape);
    }
    for (const outline of data.outlines.lines) {
      L.polyline(flip(outline), path("states", { className: "state", interactive: false })).addTo(layer.states);
    }
    for (const place of data.outlines.names) {
      const icon = L.divIcon({ className: "place", iconSize: [0, 0], html: h("span", {}, place.name) });
      L.marker([place.lat, place.lon], { icon, pane: "places", interactive: false, keyboard: false }).addTo(layer.states);
    }
  }
  function shadeOf(id) {
    const given = use.get(id);
    if (!given || given.can_give_mw === null) return "shade-none";
    if (given.can_give_mw < 0.05) return "shade-0";
    return `shade-${1 + data.breaks_mw.filter((edge) => given.can_give_mw >= edge).length}`;
  }
  function shadeZones() {
    for (const [id, shape] of zonePaths) {
      const element = shape.getElement();
      shape.options.className = `zone ${shadeOf(id)}`;
      if (element) element.setAttribute("class", `zone ${shadeOf(id)} leaflet-interactive`);
    }
  }

  /** Hundreds of lines and plants are no stops of the Tab key: tables and popups lead to them. */
  const leaveToTables = (shape) => shape.on("add", () => { if (shape.getElement()) shape.getElement().setAttribute("tabindex", "-1"); });
  const campusMarkers = new Map();
  const linkLines = [];
  const hue = (clusterId) => `cluster-${1 + (clusterNumber.get(clusterId) || 0) % 8}`;
  const campusRadius = (draw) => Math.max(5, Math.min(34, 0.62 * Math.sqrt(draw)));

  function drawPlan() {
    for (const name of ["extents", "contracts", "links", "plants", "campuses"]) layer[name].clearLayers();
    campusMarkers.clear();
    linkLines.length = 0;
    for (const feature of shown.clusters.features) {
      polygon(feature.geometry, path("extents", { className: `extent ${hue(feature.properties.cluster)}`, interactive: false })).addTo(layer.extents);
    }
    // Links share spans: where they do, the longest, which says the least of a span, lies on top.
    const links = shown.links.features.filter((feature) => feature.geometry).sort((a, b) => a.properties.km - b.properties.km);
    for (const feature of links) {
      const [weight, dashArray] = stroke(feature.properties.tier);
      L.polyline(flip(feature.geometry.coordinates), path("links", { className: "casing", weight: weight + 2.5, interactive: false })).addTo(layer.links);
      L.polyline(flip(feature.geometry.coordinates), path("links", { className: `link ${hue(feature.properties.cluster)}`, weight, dashArray, interactive: false })).addTo(layer.links);
    }
    for (const feature of links) {
      const line = L.polyline(flip(feature.geometry.coordinates), path("links", { className: "target", bubblingMouseEvents: false }));
      line.bindTooltip(() => h("span", {}, linkTitle(feature.properties), h("br"), `${say("km", feature.properties.km)}, ${say("rtt_ms", feature.properties.rtt_ms)} round trip, ${feature.properties.tier}`), { sticky: true });
      line.on("click", (event) => { L.DomEvent.stop(event); openLinks(event); });
      leaveToTables(line);
      line.addTo(layer.links);
      linkLines.push([feature, line]);
    }
    const homes = new Map(shown.campuses.features.map((feature) => [feature.properties.id, feature]));
    for (const plant of shown.plants) {
      const bought = sum(plant.contracts.map((contract) => contract.mwh));
      for (const contract of plant.contracts) {
        const [lon, lat] = homes.get(contract.site).geometry.coordinates;
        L.polyline([[plant.lat, plant.lon], [lat, lon]], path("contracts", { className: "contract", interactive: false })).addTo(layer.contracts);
      }
      const mark = L.circleMarker([plant.lat, plant.lon], path("plants", { className: "plant", radius: Math.max(3, Math.min(9, Math.sqrt(bought) / 120)), bubblingMouseEvents: false }));
      mark.bindTooltip(() => h("span", {}, `Plant ${plant.id}${plant.kind ? `, ${plant.kind}` : ""}`, h("br"), `${gwh(bought)} contracted`));
      mark.on("click", (event) => { L.DomEvent.stop(event); openPlant(plant); });
      leaveToTables(mark);
      mark.addTo(layer.plants);
    }
    const largestFirst = [...shown.campuses.features].sort((a, b) => b.properties.draw_mw - a.properties.draw_mw);
    for (const feature of largestFirst) {
      const { id, cluster, draw_mw: draw, utility } = feature.properties;
      const [lon, lat] = feature.geometry.coordinates, r = campusRadius(draw);
      const icon = L.divIcon({
        className: `campus ${hue(cluster)}`, iconSize: [2 * r, 2 * r],
        html: h("span", {}, s("svg", { width: 2 * r, height: 2 * r, "aria-hidden": "true" },
          s("circle", { cx: r, cy: r, r }), s("circle", { class: "edge", cx: r, cy: r, r: r + 1 })),
        h("b", {}, shown.plan.clusters.length > 1 ? `${cluster} · ${format(draw, 0)} MW` : `${format(draw, 0)} MW`)),
      });
      const marker = L.marker([lat, lon], { icon, pane: "campuses", keyboard: true, riseOnHover: true, zIndexOffset: Math.round(-10 * r) });
      marker.bindTooltip(() => h("span", {}, h("strong", {}, id), h("br"), `${mw(draw)}, ${utility}`), { direction: "top", offset: [0, -r] });
      marker.on("click", () => openCampus(id));
      marker.on("keypress", (event) => { if (event.originalEvent.key === "Enter") openCampus(id); });
      marker.on("add", () => {
        const element = marker.getElement();
        element.setAttribute("aria-label", `Campus ${id}, ${mw(draw)}, ${utility}, cluster ${cluster}`);
        element.setAttribute("aria-haspopup", "dialog");
        element.dataset.campus = id;
      });
      marker.addTo(layer.campuses);
      campusMarkers.set(id, marker);
    }
    declutter();
  }

  /** Show the labels that no other campus and no label of a larger one covers. */
  function declutter() {
    const boxes = [...campusMarkers.values()].filter((marker) => marker.getElement()).map((marker) => marker.getElement());
    const kept = boxes.map((element) => element.getBoundingClientRect());
    boxes.forEach((element, k) => {
      element.classList.remove("crowded");
      const label = element.querySelector("b").getBoundingClientRect();
      const own = kept[k], x = (own.left + own.right) / 2, y = (own.top + own.bottom) / 2;
      const hit = kept.some((box, other) => other !== k && box.left < x && box.right > x && box.top < y && box.bottom > y) || kept.some((box, other) => other !== k && box.left < label.right && box.right > label.left && box.top < label.bottom - 2 && box.bottom > label.top + 2);
      if (hit) element.classList.add("crowded");
      else kept.push(label);
    });
    const names = [...map.getPane("places").querySelectorAll("span")], placed = [];
    names.forEach((name) => {
      const box = name.getBoundingClientRect();
      const hit = placed.some((other) => other.left < box.right && other.right > box.left && other.top < box.bottom && other.bottom > box.top);
      name.style.visibility = hit ? "hidden" : "";
      if (!hit) placed.push(box);
    });
    map.getPane("places").style.display = map.getZoom() < 4 ? "none" : "";
  }
  map.on("zoomend viewreset", () => requestAnimationFrame(declutter));

  // --- Popups ------------------------------------------------------------------------------------

  const besideLegend = () => (window.innerWidth > 860 && byId("layers").open ? 272 : 16);
  let opener = null;
  let spot = null;
  function open(place, title, content, offset) {
    const from = document.activeElement;
    map.closePopup();
    map.eachLayer((shape) => { if (shape !== hint && shape.closeTooltip) shape.closeTooltip(); });
    map.closeTooltip(hint);
    opener = from && from !== document.body && !from.closest(".leaflet-popup") ? from : byId("map");
    const body = h("div", { role: "dialog", "aria-label": title, tabindex: "-1" }, content);
    L.popup({ maxWidth: Math.min(360, map.getSize().x - 60), minWidth: Math.min(260, map.getSize().x - 80), autoPanPaddingTopLeft: [besideLegend(), 16], autoPanPaddingBottomRight: [16, 16], offset: offset || [0, 2], closeButton: true })
      .setLatLng(place).setContent(body).openOn(map);
    body.focus({ preventScroll: true });
  }
  map.on("popupclose", () => {
    if (spot) spot.remove();
    spot = null;
    for (const shape of zonePaths.values()) if (shape.getElement()) shape.getElement().classList.remove("picked");
    // The focus was in the popup, or fell to the page when the popup went: it goes back.
    const now = document.activeElement;
    if (opener && opener.isConnected && (!now || now === document.body || now.closest(".leaflet-popup"))) opener.focus({ preventScroll: true });
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") map.closePopup(); });

  const leftovers = (properties, told) => Object.entries(properties)
    .filter(([key, value]) => !told.includes(key) && value !== null && value !== undefined && value !== "")
    .map(([key, value]) => [nameOf(key), say(key, value)]);

  function openCampus(id) {
    const feature = shown.campuses.features.find((found) => found.properties.id === id);
    const p = feature.properties, [lon, lat] = feature.geometry.coordinates;
    const cluster = shown.plan.clusters.find((found) => found.id === p.cluster);
    const campus = cluster.campuses.find((found) => found.site === id);
    const told = ["id", "name", "cluster", "draw_mw", "it_mw", "zone", "utility", "region", "price_usd_per_mwh", "cost_musd_per_year", "clean_fraction"];
    const contracts = [...campus.contracts].sort((a, b) => b.mwh - a.mwh);
    open([lat, lon], `Campus ${id}`, [
      h("h3", {}, h("span", { class: `chip ${hue(p.cluster)}` }), ` Campus ${id}`, p.name ? `, ${p.name}` : ""),
      pairs([
        ["Cluster", p.cluster], [nameOf("draw_mw"), mw(p.draw_mw)], [nameOf("it_mw"), mw(p.it_mw)],
        ["Zone", p.zone], ["Utility", p.utility], ["Region", say("region", p.region)],
        [nameOf("price_usd_per_mwh"), say("price_usd_per_mwh", p.price_usd_per_mwh)],
        [nameOf("cost_musd_per_year"), say("cost_musd_per_year", p.cost_musd_per_year)],
        [nameOf("clean_fraction"), say("clean_fraction", p.clean_fraction)],
        ["Clean contracts", contracts.length ? `${counted(contracts.length, "plant", "plants")}, ${gwh(sum(contracts.map((c) => c.mwh)))}` : "none"],
        ["Place", `${format(lat, 4)}, ${format(usual(lon), 4)}`],
        ...leftovers(p, told),
      ]),
      contracts.length ? h("details", {}, h("summary", {}, "Contracts, GWh/year"), h("dl", { class: "pairs" }, contracts.map((c) => {
        const plant = shown.plants.find((found) => found.id === c.supply);
        return [h("dt", {}, plant ? h("button", { type: "button", class: "plain", onclick: () => show([plant.lat, plant.lon], () => openPlant(plant)) }, c.supply) : c.supply), h("dd", {}, format(c.mwh / 1000, 1))];
      }))) : null,
    ], [0, -campusRadius(p.draw_mw) + 8]);
  }
  const linkTitle = (p) => `Link ${p.from} – ${p.to}`;
  function linkContent(p) {
    const tier = tiers.get(p.tier);
    return [
      h("h3", {}, h("span", { class: `chip ${hue(p.cluster)}` }), ` ${linkTitle(p)}`),
      pairs([["Cluster", p.cluster], [nameOf("km"), say("km", p.km)], [nameOf("delay_ms"), say("delay_ms", p.delay_ms)], [nameOf("rtt_ms"), say("rtt_ms", p.rtt_ms)], ["Tier", p.tier],
        ...leftovers(p, ["cluster", "from", "to", "km", "delay_ms", "rtt_ms", "tier", "spans", ...(p.pairs === 0 ? ["pairs", "pairs_musd"] : [])])]),
      tier ? h("p", { class: "fine" }, tier.meaning) : null,
    ];
  }
  /** Links share spans, so a click tells all links that run here. */
  function openLinks(event) {
    const here = linkLines.filter(([, line]) => { const near = line.closestLayerPoint(event.layerPoint); return near && near.distance <= 9; }).map(([feature]) => feature.properties);
    open(event.latlng, "Links here", [here.length > 1 ? h("p", {}, h("strong", {}, `${here.length} links run here`)) : null, here.map(linkContent)]);
  }
  function openZone(id, place) {
    const p = zones.get(id).properties, given = use.get(id) || {}, told = ["id", "name", "utility", "headroom_mw", "holds_zones", "label_lon", "label_lat", "price_usd_per_mwh", "grid_clean_fraction", "region", "state", "parent"];
    const campuses = shown.campuses.features.filter((feature) => feature.properties.zone === id);
    const shape = zonePaths.get(id);
    open(place || [p.label_lat, p.label_lon], `Zone ${id}`, [
      h("h3", {}, `Zone ${id}`), p.name && p.name !== id ? h("p", {}, p.name) : null,
      pairs([
        ["Utility", p.utility], ["Region", say("region", p.region)], ...(p.state ? [["State", p.state]] : []),
        ["Headroom", given.headroom_mw === null || given.headroom_mw === undefined ? "not known here" : mw(given.headroom_mw)],
        ["Drawn by this plan", mw(given.used_mw || 0)],
        ["Left in the zone", given.left_mw === null || given.left_mw === undefined ? "not known here" : mw(given.left_mw)],
        ...(p.parent ? [["Lies in", p.parent], ["Left with what it lies in", given.can_give_mw === null || given.can_give_mw === undefined ? "not known here" : mw(given.can_give_mw)]] : []),
        ...(p.price_usd_per_mwh === undefined ? [] : [[nameOf("price_usd_per_mwh"), say("price_usd_per_mwh", p.price_usd_per_mwh)]]),
        ...(p.grid_clean_fraction === undefined ? [] : [[nameOf("grid_clean_fraction"), say("grid_clean_fraction", p.grid_clean_fraction)]]),
        ...leftovers(p, told),
        ...campuses.map((feature) => [`Campus ${feature.properties.id}`, mw(feature.properties.draw_mw)]),
      ]),
    ]);
    if (shape && shape.getElement()) shape.getElement().classList.add("picked");
  }
  function openSite(i) {
    const value = (name) => (sites.columns[name] ? sites.columns[name][i] : null), id = value("id");
    if (campusMarkers.has(id)) { openCampus(id); return; }
    const zone = zones.get(value("zone")), given = use.get(value("zone")) || {};
    const told = ["id", "name", "lon", "lat", "zone", "utility", "region", "max_mw", "price_usd_per_mwh"];
    const rest = Object.fromEntries(Object.keys(sites.columns).map((name) => [name, value(name)]));
    const place = L.latLng(value("lat"), value("lon"));
    open(place, `Candidate site ${id}`, [
      h("h3", {}, `Candidate site ${id}`, value("name") ? `, ${value("name")}` : ""),
      pairs([
        ["Room for a campus", freeMw[i] > 0 ? mw(freeMw[i]) : "none left"], [nameOf("max_mw"), mw(value("max_mw"))],
        ["Zone", value("zone")], ["Left in the zone", given.can_give_mw === undefined || given.can_give_mw === null ? "not known here" : mw(given.can_give_mw)],
        ["Utility", say("utility", value("utility") || (zone && zone.properties.utility))], ["Region", say("region", value("region") || (zone && zone.properties.region))],
        [nameOf("price_usd_per_mwh"), say("price_usd_per_mwh", value("price_usd_per_mwh"))],
        ["Place", `${format(place.lat, 4)}, ${format(usual(place.lng), 4)}`], ...leftovers(rest, told),
      ]),
    ]);
    spot = L.circleMarker(place, path("plants", { className: "spot", radius: 8, interactive: false })).addTo(map);
  }
  function openPlant(plant) {
    const told = ["id", "lon", "lat", "contracts", "kind", "mw"];
    open([plant.lat, plant.lon], `Plant ${plant.id}`, [
      h("h3", {}, `Plant ${plant.id}`),
      pairs([["Kind", say("kind", plant.kind)], ["Capacity", say("mw", plant.mw)], ...leftovers(plant, told),
        ...plant.contracts.map((contract) => [`Sold to ${contract.site}`, gwh(contract.mwh)])]),
    ]);
  }

  const hint = L.tooltip({ direction: "top", offset: [0, -6] });
  let waiting = null;
  const onPath = (event) => event.originalEvent.target.closest && event.originalEvent.target.closest("[data-zone]");
  map.on("click", (event) => {
    const i = siteAt(map.project(event.latlng, map.getZoom()));
    if (i >= 0) { openSite(i); return; }
    const element = onPath(event);
    if (element) openZone(element.dataset.zone, event.latlng);
  });
  map.on("mousemove", (event) => {
    const target = event.originalEvent.target;
    if (waiting) cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => {
      const over = target.closest && target.closest(".leaflet-marker-icon, .target, .plant, .leaflet-control, .leaflet-popup");
      const i = over ? -1 : siteAt(map.project(event.latlng, map.getZoom()));
      if (i >= 0) {
        hint.setLatLng([sites.columns.lat[i], sites.columns.lon[i]]).setContent(h("span", {}, h("strong", {}, sites.columns.id[i]), h("br"), roomy[i] ? `room for ${mw(freeMw[i])}` : "no campus fits"));
        map.openTooltip(hint);
        map.getContainer().style.cursor = "pointer";
        return;
      }
      map.getContainer().style.cursor = "";
      const zone = !over && target.closest && target.closest("[data-zone]");
      if (!zone) { map.closeTooltip(hint); return; }
      const id = zone.dataset.zone, given = use.get(id) || {};
      hint.setLatLng(event.latlng).setContent(h("span", {}, h("strong", {}, id), ` ${zones.get(id).properties.utility}`, h("br"), given.can_give_mw === null || given.can_give_mw === undefined ? "headroom not known here" : `${mw(given.can_give_mw)} left`));
      map.openTooltip(hint);
    });
  });
  map.on("mouseout movestart", () => map.closeTooltip(hint));

  // --- Layers and legend -------------------------------------------------------------------------

  const line = (className, weight, dash) => s("svg", { width: 30, height: 12, "aria-hidden": "true" }, s("line", { class: className, x1: 0, y1: 6, x2: 30, y2: 6, "stroke-width": weight, ...(dash ? { "stroke-dasharray": dash } : {}) }));
  const disc = (className, r) => s("svg", { width: 30, height: 2 * r + 4, "aria-hidden": "true", class: className }, s("circle", { cx: 15, cy: r + 2, r, fill: "var(--hue, currentColor)", "fill-opacity": 0.88, stroke: "var(--ink)" }));
  const dot = (colour, r) => s("svg", { width: 30, height: 12, "aria-hidden": "true" }, s("circle", { cx: 15, cy: 6, r, fill: `var(${colour})` }));
  const swatch = (className) => s("svg", { width: 30, height: 12, "aria-hidden": "true" }, s("rect", { class: className, width: 30, height: 12, stroke: "var(--rule)" }));

  /** Nested discs, as the campuses are drawn, with the draw that each stands for. */
  function sizes(label) {
    const largest = Math.max(...shown.plan.clusters.flatMap((cluster) => cluster.campuses.map((campus) => campus.draw_mw)));
    const steps = [100, 250, 500, 1000, 2000].filter((step) => step <= 1.5 * largest).slice(-3), top = campusRadius(steps[steps.length - 1]);
    const picture = s("svg", { width: 2 * top + 90, height: 2 * top + 8, class: "sizes", role: "img", "aria-label": `Discs for ${steps.join(", ")} MW` });
    let above = 1e9;
    for (const step of [...steps].reverse()) {
      const r = campusRadius(step), y = 2 * (top - r) + 4;
      const words = Math.max(y + 4, above === 1e9 ? 0 : above + 13);
      picture.append(s("circle", { cx: top + 2, cy: 2 * top - r + 4, r, fill: "none", stroke: "currentColor" }),
        s("path", { d: `M${top + 2},${y}H${2 * top + 8}L${2 * top + 14},${words}`, stroke: "currentColor", fill: "none", "stroke-width": 0.7 }), s("text", { x: 2 * top + 17, y: words + 4, fill: "currentColor", "font-size": 12 }, `${label(step)} MW`));
      above = words;
    }
    picture.setAttribute("height", Math.max(2 * top + 8, above + 10));
    return picture;
  }

  function legends() {
    const edges = data.breaks_mw, label = (value) => format(value, value < 10 && value % 1 ? 1 : 0);
    const shades = [["shade-0", "nothing left"], ...edges.map((edge, k) => [`shade-${k + 1}`, k ? `${label(edges[k - 1])} to ${label(edge)}` : `under ${label(edge)}`])];
    if (edges.length) shades.push([`shade-${edges.length + 1}`, `${label(edges[edges.length - 1])} and more`]);
    if ([...use.values()].some((given) => given.can_give_mw === null)) shades.push(["shade-none", "not known here"]);
    const used = new Set(shown.links.features.map((feature) => feature.properties.tier));
    const tierRows = [...data.tiers.filter((tier) => used.has(tier.name)).map((tier) => [tier.name, tier.max_km === null ? "any length" : `up to ${format(tier.max_km, 0)} km`]),
      ...[...used].filter((name) => !tiers.has(name)).map((name) => [name, ""])];
    return {
      campuses: [...shown.plan.clusters.map((cluster) => [disc(hue(cluster.id), 6), `cluster ${cluster.id}`]), [sizes(label)]],
      links: tierRows.map(([name, length]) => [line(`link ${hue(shown.plan.clusters[0].id)}`, ...stroke(name)), `${name}${length ? `, ${length}` : ""}`]),
      zones: shades.map(([name, words]) => [swatch(name), words]),
      sites: [[dot("--dot", 3), "a campus fits"], [dot("--dot-full", 2.5), "no campus fits"]],
      plants: [[s("svg", { width: 30, height: 14, "aria-hidden": "true" }, s("circle", { class: "plant", cx: 15, cy: 7, r: 5 })), "size by energy sold"]],
      contracts: [[line("contract", 1.5), "plant to campus"]],
    };
  }
  const SWITCHES = [
    ["campuses", "Campuses, by draw [MW]", true, () => true],
    ["links", "Fiber links, by tier", true, () => shown.links.features.length > 0],
    ["extents", "Extent of clusters", false, () => true],
    ["plants", "Plants with contracts", true, () => shown.plants.length > 0],
    ["contracts", "Lines of contracts", false, () => shown.plants.length > 0],
    ["sites", () => `Candidate sites (${sites.count.toLocaleString("en-US")})`, true, () => sites.count > 0],
    ["zones", "Zones, by headroom left [MW]", true, () => zonePaths.size > 0],
    ["groups", "Areas that hold zones", false, () => data.zones.features.some((feature) => feature.properties.holds_zones)],
    ["states", "Outlines and names", true, () => data.outlines.lines.length > 0],
  ];
  const isOn = {};
  function drawSwitches() {
    const all = legends();
    byId("layer-list").replaceChildren(...SWITCHES.filter(([, , , there]) => there()).map(([name, words, first]) => {
      if (!(name in isOn)) isOn[name] = first;
      const id = `layer-${name}`;
      const box = h("input", { type: "checkbox", id, checked: isOn[name], onchange: (event) => { isOn[name] = event.target.checked; setLayer(name); } });
      const legend = (all[name] || []).map(([mark, text]) => h("li", {}, mark, text ? h("span", {}, text) : null));
      return h("div", { class: "layer", id: `${id}-row` }, box, h("label", { for: id }, typeof words === "function" ? words() : words), legend.length ? h("ul", { class: "legend" }, legend) : null);
    }));
    for (const [name, , , there] of SWITCHES) if (there()) setLayer(name);
  }
  function setLayer(name) {
    if (isOn[name]) layer[name].addTo(map);
    else layer[name].remove();
    byId(`layer-${name}-row`).classList.toggle("off", !isOn[name]);
    if (name === "zones") shadeZones();
    if (name === "campuses") declutter();
  }

  // --- The panel ---------------------------------------------------------------------------------

  const SENSE = {
    minimise_cost: ["Cost", "MUSD/year", "no plan costs less than"],
    maximise_mw: ["Draw", "MW", "no plan draws more than"],
    minimise_fiber_km: ["Fiber", "km", "no network is shorter than"],
  };
  /** How many clusters, and where the most are asked, whether another plan may have more. */
  function numberOf(plan) {
    const found = plan.clusters.length, most = plan.most_clusters, clusters = counted(found, "cluster", "clusters");
    if (most == null) return clusters;
    return `${clusters} (no plan has more than ${most}${found < most ? `; whether one has ${found + 1} is open` : ""})`;
  }
  function verdictOn(plan) {
    if (plan.status === "optimal") return "Proven optimal within the gap asked";
    if (plan.most_clusters != null) return "Best plan found of so many, not proven optimal within the gap asked";
    return "Feasible, not proven optimal within the gap asked: a limit stopped the search";
  }
  /** Draw and cost, and last what the gap is a gap of. */
  function headline(plan) {
    const draw = `${format(sum(plan.clusters.map((c) => c.draw_mw)), 0)} MW`, cost = `${format(sum(plan.clusters.map((c) => c.cost_musd_per_year)), 0)} MUSD/year`;
    if (plan.sense === "maximise_mw") return [cost, draw];
    return plan.sense === "minimise_fiber_km" ? [draw, cost, `${format(plan.objective, 1)} km of fiber`] : [draw, cost];
  }
  function drawPanel() {
    const plan = shown.plan, [measure, unit, bounded] = SENSE[plan.sense] || ["Objective", "", "bound"];
    byId("answer").replaceChildren(h("span", { class: "badge" }, plan.status === "optimal" ? "Proven" : "Feasible"),
      [numberOf(plan), ...headline(plan), `gap ${format(100 * plan.gap, 3)} %`].join(", "));
    const parts = [];
    if (data.world.caveat) parts.push(h("p", { class: "caveat", id: "caveat" }, data.world.caveat));
    for (const cluster of plan.clusters) parts.push(...clusterPart(cluster));
    parts.push(h("h2", {}, "Proof"), h("p", {}, `${verdictOn(plan)}: ${plan.most_clusters == null ? "" : "of as many clusters "}${bounded} ${format(plan.bound, 2)} ${unit}.`), facts([
      ...(plan.most_clusters == null ? [] : [["Clusters", numberOf(plan)]]),
      [measure, `${format(plan.objective, 4)} ${unit}`], ["Bound", `${format(plan.bound, 4)} ${unit}`], ["Gap", `${format(100 * plan.gap, 4)} %`],
      ["Gap asked", data.model ? `${format(100 * data.model.gap, 4)} %` : "not known here"],
      ["Status", plan.status], ["Solver", `${plan.solver.name} ${plan.solver.version}`.trim()],
      ["Time", `${format(plan.seconds.total, 1)} s`], ["of which solving", `${format(plan.seconds.solve, 1)} s`],
      ["Audit", plan.audit.passed ? `${counted(plan.audit.checks.length, "check", "checks")} passed` : "not passed"],
    ]));
    parts.push(h("details", { open: true }, h("summary", {}, "Zones used, over all clusters"), zonesTable()));
    parts.push(...readPart(plan));
    parts.push(h("details", { open: true }, h("summary", {}, "What was asked"), askedPart()));
    parts.push(h("details", { open: true }, h("summary", {}, "What this plan does not know"), h("ul", {}, data.limits.map((text) => h("li", {}, text)))));
    parts.push(h("details", {}, h("summary", {}, "Data, software and how to read the map"), aboutPart()));
    byId("panel").replaceChildren(...parts);
  }
  function clusterPart(cluster) {
    const features = new Map(shown.campuses.features.map((feature) => [feature.properties.id, feature.properties]));
    const contracts = cluster.campuses.flatMap((campus) => campus.contracts);
    const longest = cluster.links.reduce((most, link) => Math.max(most, link.rtt_ms), 0);
    const told = ["id", "draw_mw", "it_mw", "cost_musd_per_year", "clean_fraction", "max_fiber_km", "utilities", "campuses", "links"];
    const rest = Object.entries(cluster).filter(([key, value]) => !told.includes(key) && ["number", "string", "boolean"].includes(typeof value));
    const extra = Object.entries(cluster).filter(([key, value]) => !told.includes(key) && value && typeof value === "object" && !Array.isArray(value));
    return [
      h("h2", {}, h("span", { class: `chip ${hue(cluster.id)}` }), `Cluster ${cluster.id}`),
      facts([
        [nameOf("draw_mw"), mw(cluster.draw_mw)], ["IT load", mw(cluster.it_mw)], ["Cost", say("cost_musd_per_year", cluster.cost_musd_per_year)],
        ["Clean energy", say("clean_fraction", cluster.clean_fraction)], ["Campuses", counted(cluster.campuses.length, "campus", "campuses")], ["Utilities", String(cluster.utilities.length)],
        ["Longest link", cluster.links.length ? `${say("km", cluster.max_fiber_km)}, ${say("rtt_ms", longest)} round trip` : "no links"],
        ["Clean contracts", contracts.length ? `${counted(new Set(contracts.map((c) => c.supply)).size, "plant", "plants")}, ${gwh(sum(contracts.map((c) => c.mwh)))}` : "none"],
        ...rest.map(([key, value]) => [nameOf(key), say(key, value)]),
      ]),
      table(`Campuses of cluster ${cluster.id}`,
        [["Campus", "", true], ["Draw", "MW"], ["IT", "MW"], ["Price", "USD/MWh"], ["Clean", "%"], ["Contracts", "GWh/year"], ["Cost", "MUSD/year"]],
        cluster.campuses.map((campus) => {
          const p = features.get(campus.site) || {};
          return [
            h("button", { type: "button", class: "plain", "data-go": campus.site, onclick: () => go(campus.site) }, campus.site),
            format(campus.draw_mw, 1), format(campus.it_mw, 1), p.price_usd_per_mwh === undefined ? "" : format(p.price_usd_per_mwh, 2),
            p.clean_fraction === undefined ? "" : format(100 * p.clean_fraction, 1), format(sum(campus.contracts.map((c) => c.mwh)) / 1000, 0), format(campus.cost_musd_per_year, 1),
            [campus.utility, `zone ${campus.zone}`, p.region].filter(Boolean).join(" · "),
          ];
        }),
        ["All", format(cluster.draw_mw, 1), format(cluster.it_mw, 1), "", format(100 * cluster.clean_fraction, 1), format(sum(contracts.map((c) => c.mwh)) / 1000, 0), format(cluster.cost_musd_per_year, 1)]),
      ...extra.map(([key, value]) => h("details", {}, h("summary", {}, nameOf(key)),
        facts(Object.entries(value).filter(([, v]) => v === null || typeof v !== "object").map(([k, v]) => [nameOf(k), say(k, v)])),
        Object.entries(value).filter(([, v]) => isTable(v)).map(([k, v]) => [h("p", { class: "fine" }, nameOf(k)), recordsTable(k, v)]))),
      cluster.shared_spans && cluster.shared_spans.length ? h("details", {}, h("summary", {}, "Spans that several links share"), table(`Shared spans of cluster ${cluster.id}`,
        [["Spans", "", true], ["Fiber", "km"], ["Links", ""], ["Cuts it apart", "", true]],
        cluster.shared_spans.map((group) => [group.spans.length > 3 ? `${group.spans.slice(0, 3).join(", ")} and ${group.spans.length - 3} more` : group.spans.join(", "), format(group.km, 1), String(group.links.length), group.disconnects ? "yes" : "no"]))) : null,
      cluster.links.length ? h("details", {}, h("summary", {}, `Links (${cluster.links.length})`), table(`Links of cluster ${cluster.id}`,
        [["From", "", true], ["To", "", true], ["Fiber", "km"], ["Round trip", "ms"], ["Tier", "", true]],
        cluster.links.map((link) => [h("button", { type: "button", class: "plain", "aria-label": `Link ${link.from} to ${link.to}`, onclick: () => goLink(cluster.id, link) }, link.from), link.to, format(link.km, 1), format(link.rtt_ms, 2), link.tier]))) : null,
    ].filter(Boolean);
  }
  const isTable = (value) => Array.isArray(value) && value.length > 0 && value.every((entry) => entry && typeof entry === "object" && !Array.isArray(entry));
  function recordsTable(key, records) {
    const keys = Object.keys(records[0]);
    return table(nameOf(key), keys.map((name) => [nameOf(name), "", typeof records[0][name] === "string"]), records.map((record) => keys.map((name) => say(name, record[name]))));
  }
  function zonesTable() {
    return table("Zones used", [["Zone", "", true], ["Headroom", "MW"], ["Used", "MW"], ["Left", "MW"]], shown.plan.zones.map((zone) => {
      const feature = zones.get(zone.id);
      return [h("button", { type: "button", class: "plain", onclick: () => { if (feature) goZone(zone.id); } }, zone.id),
        format(zone.headroom_mw, 1), format(zone.used_mw, 1), format(Math.max(0, zone.headroom_mw - zone.used_mw), 1), feature ? feature.properties.utility : ""];
    }));
  }
  /** What took no part, and what was done to the files: nothing where there is nothing to say. */
  function readPart(plan) {
    const left = (plan.left_out || []).map((rows) => h("p", {}, `Left out${rows.by.includes("=") ? " by" : ","} ${rows.by}: ${describeLeftOut(rows)}`));
    const notices = (plan.notices || []).map((notice) => h("li", {}, `${notice.where}: ${notice.what}`));
    if (!left.length && !notices.length) return [];
    return [h("h2", {}, "Data as read"), h("div", { id: "as-read" }, ...left, notices.length ? h("ul", {}, notices) : null)];
  }
  function describeLeftOut(rows) {
    const thing = rows.table === "supply" ? ["plant", "plants"] : [rows.table.replace(/s$/, ""), rows.table];
    return `${counted(rows.rows, ...thing)}, ${format(rows.mw, 0)} MW`;
  }
  function askedPart() {
    if (!data.model) return h("p", {}, "The model is not in this folder: redraw with siting map DIR --model MODEL.");
    return h("dl", { class: "facts" }, data.model.asked.map((entry) => h("div", { title: entry.meaning }, h("dt", {}, entry.key), h("dd", {}, entry.value))));
  }
  function aboutPart() {
    return [
      h("p", {}, data.world.title || data.world.name), ...data.notes.map((text) => h("p", {}, text)),
      data.world.sources.length ? h("ul", {}, data.world.sources.map((source) => h("li", {}, [source.name, source.version].filter(Boolean).join(" "), source.licence ? ` (${source.licence})` : "", source.attribution ? `: ${source.attribution}` : ""))) : null,
      h("p", { class: "fine" }, `World ${data.world.name}, sha256 ${shown.plan.world.sha256}; model ${shown.plan.model.name}, sha256 ${shown.plan.model.sha256}.`),
      h("p", { class: "fine" }, "Projection: Web Mercator (angles are true, areas grow toward the poles). The scale bar is true at the middle of the map. Keys: Tab moves on, Enter opens, Esc closes, arrows move the map, plus and minus zoom."),
      h("p", { class: "fine" }, `Drawn by siting ${data.siting} with Leaflet ${L.version} (BSD-2-Clause). Colours of clusters: the Okabe-Ito palette.`),
    ];
  }

  // --- Going somewhere ---------------------------------------------------------------------------

  function show(place, then) {
    if (byId("map").getBoundingClientRect().bottom < 200 || window.innerWidth <= 860) byId("map").scrollIntoView({ block: "start" });
    map.setView(place, Math.max(map.getZoom(), 7), { animate: !still });
    then();
  }
  function go(site) { const marker = campusMarkers.get(site); show(marker.getLatLng(), () => openCampus(site)); }
  function goLink(cluster, link) {
    const found = linkLines.find(([{ properties: p }]) => p.cluster === cluster && p.from === link.from && p.to === link.to);
    if (!found) return;
    const [feature, shape] = found, { type, coordinates } = feature.geometry;
    const places = type === "MultiLineString" ? coordinates.flat() : coordinates;
    const [lon, lat] = places[Math.floor((places.length - 1) / 2)];
    if (window.innerWidth <= 860) byId("map").scrollIntoView({ block: "start" });
    map.fitBounds(shape.getBounds(), { ...room(), maxZoom: 9 });
    open([lat, lon], linkTitle(feature.properties), linkContent(feature.properties));
  }
  function goZone(id) {
    const p = zones.get(id).properties;
    if (p.label_lat === null) return;
    show([p.label_lat, p.label_lon], () => openZone(id));
  }
  /** Where nothing lies over the map: beside the legend, on a screen that is wide enough. */
  const room = () => ({ paddingTopLeft: [besideLegend() + 8, 30], paddingBottomRight: [30, 50], animate: false });
  function planBounds() {
    const places = [...campusMarkers.values()].map((marker) => marker.getLatLng());
    for (const [, shape] of linkLines) places.push(shape.getBounds().getSouthWest(), shape.getBounds().getNorthEast());
    return L.latLngBounds(places);
  }
  function fitPlan() { map.fitBounds(planBounds().pad(0.12), { ...room(), maxZoom: 9 }); }
  function fitAll() {
    const bounds = L.latLngBounds([]);
    for (const shape of zonePaths.values()) bounds.extend(shape.getBounds());
    for (let i = 0; i < sites.count; i++) bounds.extend([sites.columns.lat[i], sites.columns.lon[i]]);
    if (bounds.isValid()) map.fitBounds(bounds, room());
    else fitPlan();
  }
  byId("to-plan").addEventListener("click", fitPlan);
  byId("to-all").addEventListener("click", fitAll);

  // --- Find --------------------------------------------------------------------------------------

  const box = byId("find-text"), list = byId("find-results");
  let found = [];
  let chosen = -1;
  function find(text) {
    const wanted = text.trim().toLowerCase(), most = 12;
    // An id that is what was typed comes first, then what begins with it, then what holds it.
    const ranks = [[], [], []];
    if (!wanted) return ranks[0];
    const add = (words, about, act) => {
      const low = words.map((word) => (word ? String(word).toLowerCase() : ""));
      const rank = low[0] === wanted ? 0 : low.some((word) => word.startsWith(wanted)) ? 1 : low.some((word) => word.includes(wanted)) ? 2 : 3;
      if (rank < 3 && ranks[rank].length < most) ranks[rank].push([words[0], about, act]);
    };
    for (const { properties: p } of shown.campuses.features) add([p.id, p.name, p.utility, p.zone], `campus, ${mw(p.draw_mw)}, ${p.utility}`, () => go(p.id));
    for (const { properties: p } of data.zones.features) add([p.id, p.name, p.utility], `zone, ${p.utility}`, () => goZone(p.id));
    for (let i = 0; i < sites.count; i++) {
      const id = sites.columns.id[i], name = sites.columns.name ? sites.columns.name[i] : null;
      if (!campusMarkers.has(id)) add([id, name], `candidate site${name ? `, ${name}` : ""}, zone ${sites.columns.zone[i]}`, () => show([sites.columns.lat[i], sites.columns.lon[i]], () => openSite(i)));
    }
    return ranks.flat().slice(0, most);
  }
  function offer() {
    found = find(box.value);
    chosen = found.length ? 0 : -1;
    list.replaceChildren(...found.map(([title, about, act], k) => h("li", { role: "option", id: `found-${k}`, onmousedown: (event) => { event.preventDefault(); take(act); } }, title, h("small", {}, about))));
    list.hidden = !found.length;
    byId("said").textContent = box.value.trim() ? counted(found.length, "result", "results") : "";
    mark();
  }
  function mark() {
    box.setAttribute("aria-expanded", String(!list.hidden));
    [...list.children].forEach((item, k) => item.setAttribute("aria-selected", String(k === chosen)));
    if (chosen >= 0 && !list.hidden) box.setAttribute("aria-activedescendant", `found-${chosen}`);
    else box.removeAttribute("aria-activedescendant");
  }
  function hide() { list.hidden = true; mark(); }
  function take(act) { hide(); act(); }
  box.addEventListener("input", offer);
  box.addEventListener("focus", () => { if (box.value) offer(); });
  box.addEventListener("blur", hide);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (!["ArrowDown", "ArrowUp"].includes(event.key) || !found.length) return;
    event.preventDefault();
    list.hidden = false;
    chosen = (chosen + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length;
    mark();
    list.children[chosen].scrollIntoView({ block: "nearest" });
  });
  byId("find").addEventListener("submit", (event) => { event.preventDefault(); if (chosen >= 0) take(found[chosen][2]); });

  // --- Light and dark ----------------------------------------------------------------------------

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const THEMES = ["auto", "light", "dark"];
  const remembered = { get() { try { return localStorage.getItem("siting-theme"); } catch { return null; } }, set(value) { try { localStorage.setItem("siting-theme", value); } catch { /* a page in a notebook has no storage */ } } };
  let theme = THEMES.includes(remembered.get()) ? remembered.get() : "auto";
  function paint() {
    root.dataset.shown = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    byId("theme").textContent = `Theme: ${theme}`;
    if (map.hasLayer(layer.sites)) layer.sites._update();
  }
  byId("theme").addEventListener("click", () => { theme = THEMES[(THEMES.indexOf(theme) + 1) % 3]; remembered.set(theme); paint(); });
  dark.addEventListener("change", paint);

  // --- Start -------------------------------------------------------------------------------------

  function choose(number) {
    map.closePopup();
    shown = data.plans[number];
    use = new Map(Object.entries(shown.zones));
    clusterNumber = new Map(shown.plan.clusters.map((cluster, k) => [cluster.id, k]));
    measureRoom();
    drawPlan();
    drawSwitches();
    drawPanel();
    shadeZones();
    if (map.hasLayer(layer.sites)) layer.sites._update();
  }
  if (window.innerWidth <= 860) byId("layers").open = false;
  map.setView([0, 0], 3);
  drawBackground();
  if (data.plans.length > 1) {
    byId("plan-label").hidden = false;
    byId("plan-choice").append(...data.plans.map((plan, k) => h("option", { value: String(k) }, plan.name)));
    byId("plan-choice").addEventListener("change", (event) => {
      choose(Number(event.target.value));
      // The next plan may stand elsewhere: nobody should look at a map without it.
      if (!map.getBounds().contains(planBounds())) fitPlan();
    });
  }
  paint();
  choose(0);
  fitPlan();
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(byId("map"));
  root.dataset.ready = "yes";
})();
