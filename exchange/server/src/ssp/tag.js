// Gavel: fills placements. Each is an element with data-gavel-placement, or follows this script where there is none.
// An ad is shown in a sandboxed frame of ours; nothing but our own address is called from the page.
(function () {
  "use strict";
  var base = "__BASE__";
  var placements = __PLACEMENTS__;
  var unsold = __UNSOLD__;
  var syncs = __SYNCS__;
  var script = document.currentScript;
  var lazy = !(script && script.dataset.lazy === "off") && "IntersectionObserver" in window;

  // Calls back once with what the visitor chose: TCF, GPP, US privacy, GPC. A CMP that does not answer in time
  // leaves its regulation in force and no consent.
  var choice = null, waiting = null;
  function withChoice(then) {
    if (choice) return then(choice);
    if (waiting) return waiting.push(then);
    waiting = [then];
    var found = { user: {}, regs: {} }, open = 1;
    function end() {
      if (choice) return;
      choice = found;
      waiting.forEach(function (then) { then(choice); });
    }
    function part() { if (--open === 0) end(); }
    function ask(name, call) {
      if (typeof window[name] !== "function") return;
      open++;
      var done = false;
      try {
        call(window[name], function () { if (!done) { done = true; part(); } });
      } catch (broken) { part(); }
    }
    ask("__tcfapi", function (api, done) {
      found.regs.gdpr = 1;
      api("addEventListener", 2, function (data, ok) {
        if (!ok) return done();
        if (data.gdprApplies === false) found.regs.gdpr = 0;
        else if (data.eventStatus !== "tcloaded" && data.eventStatus !== "useractioncomplete") return;
        if (data.tcString) found.user.consent = data.tcString;
        api("removeEventListener", 2, function () {}, data.listenerId);
        done();
      });
    });
    ask("__gpp", function (api, done) {
      api("ping", function (data, ok) {
        if (ok && data.gppString) {
          found.regs.gpp = data.gppString;
          found.regs.gpp_sid = (data.applicableSections || []).filter(function (id) { return id > 0; });
        }
        done();
      });
    });
    ask("__uspapi", function (api, done) {
      api("getUSPData", 1, function (data, ok) {
        if (ok && data.uspString) found.regs.us_privacy = data.uspString;
        done();
      });
    });
    if (navigator.globalPrivacyControl) found.regs.ext = { gpc: "1" };
    setTimeout(end, 1500);
    part();
  }

  // Reports by loading a URL of ours; what could not be made durable there is told again.
  function report(url, again) {
    fetch(url, { keepalive: true, credentials: "include" })
      .then(function (answer) { if (answer.status >= 500) throw answer; })
      .catch(function () {
        if (again > 0) setTimeout(function () { report(url, again - 1); }, (4 - again) * 1000);
      });
  }

  // Calls back once the element was in view as MRC counts it: half of its pixels (30 % of a large ad), for one
  // second without a break, of a video two, on a page that is visible.
  function whenViewed(element, width, height, seconds, then) {
    if (!("IntersectionObserver" in window)) return;
    var share = width * height >= 242500 ? 0.3 : 0.5, inside = false, timer = 0;
    function look() {
      var seen = inside && document.visibilityState === "visible";
      if (seen && !timer) timer = setTimeout(end, seconds * 1000);
      if (!seen) { clearTimeout(timer); timer = 0; }
    }
    var observer = new IntersectionObserver(function (entries) {
      inside = entries[entries.length - 1].intersectionRatio >= share;
      look();
    }, { threshold: [0, share] });
    function end() {
      observer.disconnect();
      document.removeEventListener("visibilitychange", look);
      then();
    }
    document.addEventListener("visibilitychange", look);
    observer.observe(element);
  }

  function frame(slot, width, height, url) {
    var box = document.createElement("iframe");
    box.setAttribute("sandbox", "allow-scripts allow-popups allow-popups-to-escape-sandbox");
    box.setAttribute("allow", "autoplay");
    box.title = "Advertisement";
    box.scrolling = "no";
    box.width = width;
    box.height = height;
    box.style.border = "0";
    box.style.maxWidth = "100%";
    box.style.display = "block";
    box.src = url;
    slot.appendChild(box);
    return box;
  }

  // Shows content in our frame, which tells back over a channel that no ad can reach.
  function show(slot, content, width, height, heard) {
    var box = frame(slot, width, height, base + "/frame");
    var channel = new MessageChannel();
    channel.port1.onmessage = function (event) { heard(event.data, box, channel.port1); };
    box.addEventListener("load", function () {
      box.contentWindow.postMessage(content, "*", [channel.port2]);
    }, { once: true });
  }

  function fall(slot, placement) {
    slot.textContent = "";
    slot.dataset.gavelState = "empty";
    var fallback = placement.fallback;
    if (!fallback) { slot.style.minHeight = ""; return; }
    if (/^https?:\/\/\S+$/.test(fallback)) frame(slot, placement.width, placement.height, fallback);
    else show(slot, { kind: "banner", markup: fallback }, placement.width, placement.height, function () {});
  }

  function fill(slot, placement, answer) {
    var ad = answer.ad, tracking = answer.tracking;
    var plays = ad.type === "video" || ad.type === "audio";
    var width = ad.width || placement.width, height = ad.height || placement.height;
    var content = { kind: ad.type, markup: ad.markup, native: ad.native, click: ad.click_url };
    slot.dataset.gavelAuction = answer.auction_id;
    show(slot, content, width, height, function (event, box, port) {
      if (event.name === "rendered") {
        slot.dataset.gavelState = "filled";
        // A player's document names its impression itself (VAST): that is the billable event.
        if (!plays) report(tracking.impression_url, 3);
        whenViewed(box, width, height, plays ? 2 : 1, function () {
          slot.dataset.gavelViewed = "true";
          report(tracking.view_url, 1);
          port.postMessage("viewed");
        });
      } else if (event.name === "height" && ad.type === "native") {
        box.height = Math.min(event.height, 600);
        slot.style.minHeight = "";
      } else if (event.name === "click" && !ad.click_url) {
        report(tracking.click_url, 1);
      } else if (event.name === "failed") {
        fall(slot, placement);
      }
    });
  }

  // Opens our sync page in a frame that nobody sees, once a page and after its first ad request: DSPs learn there
  // of the visit, and what the visitor chose.
  function sync(choice) {
    if (!syncs) return;
    syncs = false;
    var said = {
      gdpr: choice.regs.gdpr, gdpr_consent: choice.user.consent, us_privacy: choice.regs.us_privacy,
      gpp: choice.regs.gpp, gpp_sid: (choice.regs.gpp_sid || []).join(",")
    };
    var query = Object.keys(said).filter(function (name) {
      return said[name] !== undefined && said[name] !== "";
    }).map(function (name) { return name + "=" + encodeURIComponent(said[name]); });
    var box = document.createElement("iframe");
    box.title = "Sync";
    box.setAttribute("aria-hidden", "true");
    box.tabIndex = -1;
    box.width = box.height = 1;
    box.style.cssText = "position:absolute;left:-9999px;border:0";
    box.src = base + "/sync?" + query.join("&");
    (document.body || document.documentElement).appendChild(box);
  }

  function request(slot, placement) {
    withChoice(function (choice) {
      var body = { placement_id: placement.id, user: choice.user, regs: choice.regs };
      if (/^https?:/.test(location.href)) body.page = location.href;
      fetch(base + "/ad-request", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        credentials: "include",
        body: JSON.stringify(body)
      })
        .then(function (answer) {
          if (answer.status === 200) return answer.json();
          var id = answer.headers.get("x-gavel-auction-id"), nbr = answer.headers.get("x-gavel-nbr");
          console.info("Gavel: no ad for " + placement.id + ", auction " + id +
            (nbr ? ", nbr " + nbr + (nbr === "3" ? ": a crawler" : "") : ""));
        })
        .then(function (answer) { if (answer) fill(slot, placement, answer); else fall(slot, placement); })
        .catch(function () { fall(slot, placement); });
      sync(choice);
    });
  }

  // Asks when the place comes near the window: an ad that nobody scrolls to is never sold.
  function start(slot, placement) {
    if (slot.dataset.gavelState) return;
    slot.dataset.gavelState = "waiting";
    slot.setAttribute("role", "complementary");
    slot.setAttribute("aria-label", "Advertisement");
    slot.style.minHeight = placement.height + "px";
    if (!lazy) return request(slot, placement);
    var near = new IntersectionObserver(function (entries) {
      if (!entries.some(function (entry) { return entry.isIntersecting; })) return;
      near.disconnect();
      request(slot, placement);
    }, { rootMargin: "300px" });
    near.observe(slot);
  }

  function run() {
    if (unsold.length && window.console) console.warn("Gavel: not sold, or no placement: " + unsold.join(", "));
    placements.forEach(function (placement) {
      var slots = Array.prototype.filter.call(
        document.querySelectorAll("[data-gavel-placement]"),
        function (slot) { return slot.dataset.gavelPlacement === placement.id; }
      );
      if (!slots.length && script && script.parentNode && document.body.contains(script)) {
        slots = [document.createElement("div")];
        script.parentNode.insertBefore(slots[0], script.nextSibling);
      }
      slots.forEach(function (slot) { start(slot, placement); });
    });
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
  else run();
})();
