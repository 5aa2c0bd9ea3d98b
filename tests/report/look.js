/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2026 The ctxmark authors */

/* Runs in a copy of a report, which has no script of its own: says what a reader would stumble over,
 * one line each, in the text of an element at the end of the page. */
"use strict";
const bad = [];
const say = (what, e) => bad.push(what + (e ? ": " + e.outerHTML.slice(0, 120).replace(/\n/g, " ") : ""));
const all = (selector) => [...document.querySelectorAll(selector)];

/* All that folds is unfolded: hidden text is to be read too. */
all("details").forEach((d) => { d.open = true; });

/* Nothing is wider than the page, but inside what scrolls on its own. */
const width = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth > width) say("the page is " + document.documentElement.scrollWidth + " wide, the window " + width);
for (const e of all("body *")) {
    if (e.closest(".scroll, .hidden, .skip, svg")) continue;
    const box = e.getBoundingClientRect();
    if (box.width && (box.right > width + 1 || box.left < -1)) say("sticks out to " + Math.round(box.right), e);
}

/* Structure: landmarks, headings in steps of one, names for what can be focused, targets of links. */
for (const one of ["main", "header", "nav[aria-label]", "h1"]) if (all(one).length !== 1) say(all(one).length + " of " + one);
let level = 0;
for (const h of all("h1,h2,h3,h4,h5,h6")) {
    const now = Number(h.tagName[1]);
    if (now > level + 1) say("heading skips from " + level, h);
    if (!h.textContent.trim()) say("empty heading", h);
    level = now;
}
const ids = new Set();
for (const e of all("[id]")) { if (ids.has(e.id)) say("id twice", e); ids.add(e.id); }
for (const a of all("a[href^='#']")) if (!ids.has(decodeURIComponent(a.getAttribute("href").slice(1)))) say("leads nowhere", a);
for (const e of all("[aria-labelledby]"))
    for (const id of e.getAttribute("aria-labelledby").split(" "))
        if (!ids.has(id) || !document.getElementById(id).textContent.trim()) say("named by nothing", e);
for (const e of all("[tabindex='0']")) if (!e.getAttribute("role") || !e.getAttribute("aria-labelledby")) say("focus without role and name", e);
for (const d of all("details")) if (d.firstElementChild.tagName !== "SUMMARY") say("details without summary", d);
for (const t of all("table")) {
    if (!t.caption || !t.caption.textContent.trim()) say("table without caption", t);
    if (!t.querySelector("thead th[scope=col]")) say("table without column headers", t);
    const columns = t.querySelectorAll("thead th").length;
    for (const r of t.querySelectorAll("tbody tr")) {
        const cells = [...r.children].reduce((n, c) => n + c.colSpan, 0);
        if (cells !== columns) say("row of " + cells + " cells in " + columns + " columns", r);
    }
}
for (const th of all("th")) if (!th.getAttribute("scope")) say("header without scope", th);
for (const s of all("svg")) {
    if (s.getAttribute("role") !== "img" || !s.querySelector("title") || !s.querySelector("desc").textContent.trim()) say("figure without words", s);
    if (!s.querySelector("path title")) say("figure without tooltips", s);
}

/* Contrast: 4.5 for text (3 where it is large or bold enough), 3 for marks and lines of figures. */
const channels = (c) => (c.match(/[\d.]+/g) || []).map(Number);
const seen = (c) => { const v = channels(c); return v.length === 3 || v[3] > 0.99; };
const light = (v) => {
    const [r, g, b] = v.map((x) => { x /= 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
    const [x, y] = [light(channels(a)), light(channels(b))].sort((p, q) => q - p);
    return (x + 0.05) / (y + 0.05);
};
const ground = (e) => {
    for (; e; e = e.parentElement) if (seen(getComputedStyle(e).backgroundColor)) return getComputedStyle(e).backgroundColor;
    return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(20,24,29)" : "rgb(255,255,255)";
};
const worst = { text: 99, mark: 99 };
for (const e of all("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const style = getComputedStyle(e);
    if (own && !e.closest(".skip, .hidden, title, desc, style, script")) {
        const ratio = contrast(e.closest("svg") ? style.fill : style.color, ground(e));
        const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
        worst.text = Math.min(worst.text, ratio);
        if (ratio < (large ? 3 : 4.5)) say("contrast " + ratio.toFixed(2), e);
    }
    if (e.tagName === "g" && /^s[0-7]$/.test(e.getAttribute("class"))) {
        const ratio = contrast(style.stroke, ground(e));
        worst.mark = Math.min(worst.mark, ratio);
        if (ratio < 3) say("contrast of marks " + ratio.toFixed(2), e);
    }
}

/* Text in figures, as large as it is seen. */
let least = 99;
for (const e of all("svg text")) {
    const svg = e.ownerSVGElement, scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const size = scale * parseFloat(getComputedStyle(e).fontSize);
    if (scale > 0) least = Math.min(least, size);
    if (scale > 0 && size < 9.5) say("text of " + size.toFixed(1) + " px", e);
}
/* Ticks and legends must not run into each other, nor out of the picture. */
for (const s of all("svg")) {
    const frame = s.getBoundingClientRect(), texts = [...s.querySelectorAll("text:not(.halo)")].map((t) => t.getBoundingClientRect());
    texts.forEach((a, i) => {
        if (a.right > frame.right + 1 || a.left < frame.left - 1) say("words run out of the figure", s.querySelectorAll("text:not(.halo)")[i]);
        for (const b of texts.slice(i + 1))
            if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4)
                say("words overlap", s.querySelectorAll("text:not(.halo)")[i]);
    });
}
const out = document.createElement("pre");
out.id = "looked";
out.textContent = "LOOKED " + innerWidth + (matchMedia("(prefers-color-scheme: dark)").matches ? " dark" : " light") +
    "; contrast of text " + worst.text.toFixed(2) + ", of marks " + worst.mark.toFixed(2) + "; smallest text in figures " +
    least.toFixed(1) + " px; tables " + all("table").length + ", figures " + all("svg").length + "\n" +
    bad.map((b) => "BAD " + b + "\n").join("") + "END\n";
document.body.append(out);
