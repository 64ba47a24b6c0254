"use strict";
const all = (choice, inside = document) => [...inside.querySelectorAll(choice)];
const byId = id => document.getElementById(id);
const [holder, tip, count, film, clear] = ["shots", "tip", "count", "film", "clear"].map(byId);
const NOTHING_CHOSEN = {verdict: "", eyes: "", film: "", reasons: []};
let chosen = {...NOTHING_CHOSEN}, order = "doubt";
let current = null; // the card that had the focus last

// Every shot by its key: its pieces of the time line, and its card unless that is on another page.
const shots = new Map();
for (const piece of all(".piece")) {
  const key = piece.hash.slice(1);
  if (!shots.has(key)) shots.set(key, {pieces: [], card: byId(key), said: piece.dataset});
  shots.get(key).pieces.push(piece);
}
const cards = [...shots.values()].map(shot => shot.card).filter(Boolean);
const visible = () => all(".shot:not([hidden])", holder);

function isChosen(said) {
  const reasons = said.reasons.split(" ");
  const became = reason => reason === "accepted" ? said.verdict !== "refused" : reasons.includes(reason);
  return (!chosen.verdict || said.verdict === chosen.verdict)
    && (!chosen.eyes || said.eyes === chosen.eyes)
    && (!chosen.film || said.film === chosen.film)
    && (!chosen.reasons.length || chosen.reasons.some(became));
}

function filter() {
  let found = 0;
  for (const {pieces, card, said} of shots.values()) {
    const shown = isChosen(said);
    found += shown;
    if (card) card.hidden = !shown;
    for (const piece of pieces) piece.classList.toggle("other", !shown);
  }
  for (const button of all(".reason"))
    button.setAttribute("aria-pressed", chosen.reasons.includes(button.dataset.reason));
  for (const button of all(".group button")) {
    const choice = button.parentElement.dataset.choice;
    const value = choice === "order" ? order : chosen[choice];
    button.setAttribute("aria-pressed", button.dataset.value === value);
  }
  film.value = chosen.film;
  count.textContent = `${found} of ${shots.size} shots`;
  clear.hidden = found === shots.size;
}

function sort() {
  const place = new Map(cards.map((card, number) => [card, number]));
  const by = order === "doubt" ? card => -card.dataset.doubt : card => place.get(card);
  holder.append(...[...cards].sort((a, b) => by(a) - by(b) || place.get(a) - place.get(b)));
}

function choose(change) {
  chosen = {...chosen, ...change};
  filter();
}

// In order of time the neighbours of the current card are what one wants to see.
function reorder(value) {
  order = value;
  sort();
  filter();
  if (order === "time" && current && !current.hidden) show(current);
}

function toggleReason(reason) {
  const others = chosen.reasons.filter(one => one !== reason);
  choose({reasons: others.length < chosen.reasons.length ? others : [...others, reason]});
}

// The card of a shot, even where what is chosen hides it.
function show(card) {
  if (card.hidden) choose(NOTHING_CHOSEN);
  // Cards that were never drawn have guessed heights, so what is aimed at may move once.
  card.scrollIntoView({block: "center"});
  requestAnimationFrame(() => card.scrollIntoView({block: "center"}));
  card.focus({preventScroll: true});
  mark(card); // a window in the background hears of no focus
}

function enlarge(card) {
  card.classList.toggle("large");
  card.scrollIntoView({block: "nearest"});
}

function mark(card) {
  for (const piece of all(".piece.current")) piece.classList.remove("current");
  for (const piece of shots.get(card.id).pieces) piece.classList.add("current");
  current = card;
}

function tell(piece) {
  const card = byId(piece.hash.slice(1));
  const picture = card && card.querySelector("img");
  tip.replaceChildren(piece.getAttribute("aria-label"));
  if (picture) {
    const copy = new Image();
    copy.src = picture.src;
    copy.alt = "";
    tip.append(copy);
  }
  tip.hidden = false;
  const at = piece.getBoundingClientRect(), width = tip.offsetWidth, height = tip.offsetHeight;
  const below = at.bottom + 10 + height < innerHeight;
  tip.style.left = `${Math.max(4, Math.min(innerWidth - width - 4, at.left - 40))}px`;
  tip.style.top = `${below ? at.bottom + 10 : Math.max(4, at.top - height - 14)}px`;
}
const hush = () => { tip.hidden = true; };

document.addEventListener("pointerover", event => {
  const piece = event.target.closest(".piece");
  if (piece) tell(piece); else hush();
});
document.addEventListener("focusin", event => {
  const piece = event.target.closest(".piece");
  if (piece) tell(piece); else hush();
  const card = event.target.closest(".shot");
  if (card) mark(card);
});
addEventListener("scroll", hush, {passive: true});

document.addEventListener("click", event => {
  const piece = event.target.closest(".piece"), button = event.target.closest("button");
  const card = piece && byId(piece.hash.slice(1));
  if (card) {
    event.preventDefault();
    hush();
    show(card);
  } else if (event.target.matches(".strip img")) {
    enlarge(event.target.closest(".shot"));
  } else if (button && button.dataset.reason) {
    toggleReason(button.dataset.reason);
  } else if (button === clear) {
    choose(NOTHING_CHOSEN);
  } else if (button) {
    const {choice} = button.parentElement.dataset;
    if (choice === "order") reorder(button.dataset.value);
    else choose({[choice]: button.dataset.value});
  }
});
film.addEventListener("change", () => choose({film: film.value}));

// One piece of each film's time line is reached by Tab, the others from there by arrows.
for (const line of all(".timeline")) line.querySelector(".piece").tabIndex = 0;

function step(list, from, by) {
  const at = list.indexOf(from);
  return list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + by))];
}

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("select")) return;
  const piece = event.target.closest(".piece");
  if (piece && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    event.preventDefault();
    const line = all(".piece", piece.closest(".timeline"));
    const next = step(line, piece, event.key === "ArrowRight" ? 1 : -1);
    for (const one of line) one.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  } else if (event.key === "j" || event.key === "k") {
    const next = step(visible(), current, event.key === "j" ? 1 : -1);
    if (next) show(next);
  } else if (event.key === "Enter" && event.target.matches(".shot")) {
    enlarge(event.target);
  } else if (event.key === "t" || event.key === "d") {
    reorder(event.key === "t" ? "time" : "doubt");
  } else if (event.key === "Escape") {
    hush();
    choose(NOTHING_CHOSEN);
  }
});

function reveal() {
  const card = location.hash.startsWith("#shot-") && byId(location.hash.slice(1));
  if (card) show(card);
}
addEventListener("hashchange", reveal);
reorder(order);
reveal();
