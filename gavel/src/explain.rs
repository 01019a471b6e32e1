//! `gavel explain REQUEST.json`: why each line item would or would not bid, as the bidder tells it.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use http::{Method, StatusCode};
use serde_json::Value;
use service::runtime;

use crate::calls::Caller;

/// Most bytes of a request; far beyond what any exchange sends.
const LONGEST: u64 = 16 * 1024 * 1024;
/// A large catalog takes its time.
const PATIENCE: Duration = Duration::from_secs(30);

/// Options of `gavel explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// A bid request; - is the standard input.
    #[arg(value_name = "REQUEST")]
    pub request: String,
    /// The bidder.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8002")]
    pub url: String,
    /// Only this line item.
    #[arg(long, value_name = "ID")]
    pub line_item: Option<String>,
    /// Only line items of this campaign.
    #[arg(long, value_name = "ID")]
    pub campaign: Option<String>,
    /// As if this configured demand source asked.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Operator token; not needed on the machine of `gavel up`.
    #[arg(
        long,
        value_name = "TOKEN",
        env = "GAVEL_OPERATOR_TOKEN",
        hide_env_values = true
    )]
    pub token: Option<String>,
    /// The bidder's answer as it is, in place of words.
    #[arg(long)]
    pub json: bool,
}

/// Asks and prints; exit 0 when something would bid, 1 when nothing would, 2 when there is no explanation.
///
/// # Errors
/// When the standard output is closed.
pub fn run(args: &ExplainArgs) -> Result<ExitCode> {
    let explanation = match ask(args) {
        Ok(explanation) => explanation,
        Err(error) => {
            eprintln!("gavel: {error:#}");
            return Ok(ExitCode::from(2));
        }
    };
    let mut out = io::stdout().lock();
    let paint = out.is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let text = if args.json {
        format!("{explanation}\n")
    } else {
        as_text(&explanation, Paint(paint))
    };
    out.write_all(text.as_bytes())
        .context("writing the explanation")?;
    let would_bid = list(&explanation, "imps")
        .iter()
        .any(|imp| imp["would_bid"].as_u64() > Some(0));
    Ok(if would_bid {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn ask(args: &ExplainArgs) -> Result<Value> {
    let body = body(&args.request)?;
    let mut url = format!("{}/explain", args.url.trim_end_matches('/'));
    let named = [
        ("line_item", &args.line_item),
        ("campaign", &args.campaign),
        ("source", &args.source),
    ];
    let named = named
        .iter()
        .filter_map(|(name, id)| Some(format!("{name}={}", encoded(id.as_deref()?))));
    let query: Vec<String> = named.collect();
    if !query.is_empty() {
        url = format!("{url}?{}", query.join("&"));
    }
    let mut caller = Caller::new();
    if let Some(token) = &args.token {
        caller = caller.with_token(token)?;
    }
    let answer = runtime::current_thread("explain")?.block_on(caller.call(
        Method::POST,
        &url,
        body,
        PATIENCE,
    ))?;
    let text = String::from_utf8_lossy(&answer.body);
    let Ok(value) = serde_json::from_str::<Value>(&text) else {
        bail!("{url} answered {}, and no JSON", answer.status);
    };
    if answer.status != StatusCode::OK {
        let detail = value["detail"].as_str().or(value["title"].as_str());
        let why = detail.unwrap_or("no reason given");
        bail!("{url} answered {}: {why}", answer.status);
    }
    Ok(value)
}

fn body(file: &str) -> Result<String> {
    let mut body = String::new();
    let read = if file == "-" {
        io::stdin().take(LONGEST).read_to_string(&mut body)
    } else {
        std::fs::File::open(file).and_then(|open| open.take(LONGEST).read_to_string(&mut body))
    };
    read.with_context(|| {
        format!("{file} cannot be read; give a file with a bid request, or - for standard input")
    })?;
    Ok(body)
}

/// An id as a value in a query.
fn encoded(id: &str) -> String {
    id.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn good(self, text: &str) -> String {
        self.with("\x1b[32m", text)
    }

    fn bad(self, text: &str) -> String {
        self.with("\x1b[31m", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 {
            format!("{code}{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

fn as_text(explanation: &Value, paint: Paint) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    if let Some(nbr) = explanation["nbr"].as_i64() {
        let _ = writeln!(
            out,
            "refused before any line item was looked at (nbr {nbr})"
        );
        return out;
    }
    let known = |key: &str| {
        if explanation[key] == true {
            "known"
        } else {
            "not known"
        }
    };
    let _ = writeln!(
        out,
        "catalog {}, identity {}, profile {}, caps {}",
        explanation["catalog_version"],
        word(&explanation["identity"]),
        known("profile_found"),
        known("caps_known"),
    );
    for absent in list(explanation, "absent") {
        let id = absent["line_item"].as_str().or(absent["campaign"].as_str());
        let why = word(&absent["why"]);
        let _ = writeln!(out, "\n{}: {}", id.unwrap_or_default(), paint.bad(&why));
    }
    for imp in list(explanation, "imps") {
        describe_imp(imp, paint, &mut out);
    }
    if let Some(more) = explanation["imps_left_out"].as_u64().filter(|it| *it > 0) {
        let _ = writeln!(out, "\nand {more} more imps");
    }
    out
}

fn describe_imp(imp: &Value, paint: Paint, out: &mut String) {
    let would = imp["would_bid"].as_u64().unwrap_or(0);
    let _ = writeln!(
        out,
        "\nimp {}, floor {}: {would} would bid",
        word(&imp["imp"]),
        word(&imp["floor"])
    );
    if let Some(sentence) = imp["nearest_miss"]["sentence"].as_str() {
        let _ = writeln!(out, "nearest miss: {sentence}");
    }
    for item in list(imp, "line_items") {
        describe_item(item, paint, out);
    }
    if let Some(omitted) = imp["omitted"].as_object() {
        let counts: Vec<String> = omitted
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"))
            .collect();
        let _ = writeln!(out, "\n  and more, by reason: {}", counts.join(", "));
    }
}

fn describe_item(item: &Value, paint: Paint, out: &mut String) {
    let verdict = if item["would_bid"] == true {
        paint.good("bids")
    } else {
        paint.bad(&word(&item["reason"]))
    };
    let (id, campaign) = (word(&item["line_item"]), word(&item["campaign"]));
    let _ = writeln!(out, "\n  {id} of {campaign}: {verdict}");
    if let Some(sentence) = item["miss"]["sentence"].as_str() {
        let _ = writeln!(out, "    {sentence}");
    }
    let failures = list(item, "failures");
    let width = failures.iter().map(|it| word(&it["rule"]).len()).max();
    for failure in failures {
        let about = failure["creative"].as_str();
        let about = about.map_or_else(String::new, |id| format!(" ({id})"));
        let _ = writeln!(
            out,
            "    {:<width$}  seen {}, wanted {}{about}",
            word(&failure["rule"]),
            word(&failure["seen"]),
            word(&failure["wanted"]),
            width = width.unwrap_or(0)
        );
    }
    if let Some(arm) = item["arm"].as_str() {
        let _ = writeln!(out, "    arm    {}", word(&arm.into()));
    }
    let price = &item["price"];
    if price.is_object() {
        describe_price(price, out);
    }
    let money = &item["money"];
    let cost = price["max_cost"].as_str();
    let cost = cost.map_or_else(String::new, |cost| format!(", a bid holds {cost}"));
    let _ = writeln!(
        out,
        "    money  {} {} free on this bidder{cost}",
        word(&money["leased_free"]),
        word(&money["currency"]),
    );
    for cap in list(item, "caps") {
        let shown = cap["shown"].as_u64();
        let mut shown = shown.map_or_else(|| "not known".to_owned(), |it| it.to_string());
        if let Some(held) = cap["held"].as_u64() {
            let _ = write!(shown, ", {held} more in this request,");
        }
        let _ = writeln!(
            out,
            "    cap    {} of {} seen since {}, {} allowed",
            shown,
            word(&cap["scope"]),
            word(&cap["since"]),
            cap["allowed"]
        );
    }
}

/// The steps from the offer to the bid.
fn describe_price(price: &Value, out: &mut String) {
    let _ = writeln!(
        out,
        "    price  offer {} -> modified {} -> raised {} -> {} {}, floor {}",
        word(&price["base"]),
        word(&price["modified"]),
        word(&price["raised"]),
        word(&price["price"]),
        word(&price["currency"]),
        word(&price["floor"]),
    );
    if price["rate"] != "1" {
        let (rate, model) = (word(&price["rate"]), word(&price["model"]));
        let _ = writeln!(out, "           rate {rate} by {model}");
    }
    for modifier in list(price, "modifiers") {
        let _ = writeln!(
            out,
            "           x {} for {} {}",
            word(&modifier["factor"]),
            word(&modifier["key"]),
            word(&modifier["seen"]),
        );
    }
    let clamp = &price["clamp"];
    if clamp.is_object() {
        let _ = writeln!(
            out,
            "           x {} together, clamped to {} ({} to {})",
            word(&price["factor"]),
            word(&clamp["factor"]),
            word(&clamp["min"]),
            word(&clamp["max"]),
        );
    }
    if let Some(raise) = price["raise_to_floor"].as_str() {
        let raise = word(&raise.into());
        let _ = writeln!(out, "           raised to {raise} x the floor at least");
    }
    let _ = writeln!(out, "           at most {}", word(&price["max_cpm"]));
    let shading = &price["shading"];
    if shading.is_object() {
        let until = shading["learned_until"].as_str();
        let until = until.map_or_else(String::new, |it| format!(", learned until {it}"));
        let _ = writeln!(
            out,
            "           shaded {} -> {} by {}{until}",
            word(&shading["stated"]),
            word(&shading["price"]),
            word(&shading["by"]),
        );
    }
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// A text without what a terminal would obey.
fn word(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_written_as_values_of_a_query() {
        let cases = [
            ("li_1", "li_1"),
            ("a b&c=ü", "a%20b%26c%3D%C3%BC"),
            ("", ""),
        ];
        for (id, want) in cases {
            assert_eq!(encoded(id), want);
        }
    }

    #[test]
    fn what_a_seller_wrote_is_no_command_to_a_terminal() {
        let refused = json!({"imps": [{"imp": "1\u{1b}[2J", "floor": "0 USD", "would_bid": 0, "line_items": []}]});
        assert!(!as_text(&refused, Paint(false)).contains('\u{1b}'));
        let refused = json!({"id": "1", "nbr": 2});
        assert_eq!(
            as_text(&refused, Paint(false)),
            "refused before any line item was looked at (nbr 2)\n"
        );
    }
}
