// Fills a placement of Gavel: an ad request, the ad in a sandboxed frame, the impression once it is rendered.
(function () {
  "use strict";
  var script = document.currentScript;
  var base = "__BASE__";
  var placement = "__PLACEMENT__";
  var fallback = __FALLBACK__;
  var slot = document.createElement("div");
  slot.className = "gavel-ad";
  slot.setAttribute("role", "complementary");
  slot.setAttribute("aria-label", "Advertisement");
  script.parentNode.insertBefore(slot, script.nextSibling);

  function frame(markup, width, height) {
    var box = document.createElement("iframe");
    box.setAttribute("sandbox", "allow-scripts allow-popups allow-popups-to-escape-sandbox");
    box.setAttribute("title", "Advertisement");
    box.setAttribute("scrolling", "no");
    box.style.cssText = "border:0;width:" + width + "px;height:" + height + "px";
    box.srcdoc = "<!doctype html><meta charset=utf-8><style>body{margin:0}</style>" + markup;
    slot.appendChild(box);
    return box;
  }

  function text(value) {
    var node = document.createElement("span");
    node.textContent = value || "";
    return node.innerHTML.replace(/"/g, "&quot;");
  }

  // A native answer (Native 1.2 section 5) as a small card.
  function card(answer) {
    var native = JSON.parse(answer);
    native = native.native || native;
    var parts = (native.assets || []).map(function (asset) {
      if (asset.title) return "<strong>" + text(asset.title.text) + "</strong>";
      if (asset.img) return '<img alt="" style="max-width:100%" src="' + text(asset.img.url) + '">';
      if (asset.data) return "<p>" + text(asset.data.value) + "</p>";
      return "";
    });
    var link = native.link && /^https?:/.test(native.link.url) ? native.link.url : "#";
    return '<a target="_blank" style="font:14px sans-serif;color:inherit" href="' + text(link) + '">' + parts.join("") + "</a>";
  }

  function show(answer) {
    var ad = answer.ad;
    var markup = ad.markup;
    if (ad.type === "native") markup = card(markup);
    if (ad.type === "video" || ad.type === "audio") {
      markup = '<p style="font:14px sans-serif">This placement needs a video player: give it ' + text(base) + "/vast?placement=" + text(placement) + "</p>";
    }
    var box = frame(markup, ad.width || 300, ad.height || 250);
    slot.dataset.auction = answer.auction_id;
    box.addEventListener("load", function () {
      new Image().src = answer.tracking.impression_url;
      slot.dataset.rendered = "true";
    }, { once: true });
  }

  function empty() {
    slot.dataset.rendered = "empty";
    if (!fallback) return;
    if (/^https?:/.test(fallback)) {
      var box = frame("", 300, 250);
      box.removeAttribute("srcdoc");
      box.src = fallback;
    } else {
      frame(fallback, 300, 250);
    }
  }

  fetch(base + "/ad-request", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ placement_id: placement, page: location.href })
  })
    .then(function (response) { return response.status === 200 ? response.json() : null; })
    .then(function (answer) { if (answer) show(answer); else empty(); })
    .catch(empty);
})();
