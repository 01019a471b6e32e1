//! docs/why.md: the commands of the guide print what the guide shows.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use stack::{PATIENCE, Stack};
use testkit::http::{get, post_json};
use testkit::poll_until;

/// The blocks of a kind in the guide, in their order.
fn blocks<'g>(guide: &'g str, kind: &str) -> Vec<&'g str> {
    let begin = format!("```{kind}\n");
    let rest = guide.split(begin.as_str()).skip(1);
    rest.map(|it| it.split("```").next().unwrap()).collect()
}

/// A folder of this test alone.
fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("why");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn gavel(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gavel"));
    command.args(args).current_dir(folder);
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    run.await.unwrap()
}

/// What a command printed, with all that differs from run to run written the same.
fn masked(text: &str) -> String {
    let is_id = |word: &str| {
        let digits = word.bytes().filter(u8::is_ascii_hexdigit).count();
        digits == 32 && word.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit())
    };
    let is_time = |word: &str| word.ends_with('Z') && word.contains('T') && word.contains(':');
    let mask = |word: &str| -> String {
        let bare = word.trim_end_matches([':', ',', ')']);
        let tail = &word[bare.len()..];
        let id = bare.rsplit(['_', '(']).next().unwrap_or(bare);
        if is_id(id) {
            return format!("{}ID{tail}", &bare[..bare.len() - id.len()]);
        }
        if is_time(bare) {
            return format!("TIME{tail}");
        }
        word.to_owned()
    };
    let line = |line: &str| {
        let words: Vec<String> = line.split(' ').map(mask).collect();
        let line = words.join(" ");
        // Versions and leases grow while the market lives.
        let line = line
            .split_once("money  ")
            .map_or(line.clone(), |(head, rest)| {
                let (_, rest) = rest.split_once(' ').unwrap();
                format!("{head}money  N {rest}")
            });
        match line.split_once("catalog ") {
            Some((head, rest)) => {
                let digits = rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len());
                format!("{head}catalog N{}", &rest[digits..])
            }
            None => line,
        }
    };
    text.lines().map(|it| line(it) + "\n").collect()
}

fn text(output: &Output) -> String {
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.is_empty(), "{told}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guide_shows_what_the_commands_print() {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/why.md");
    let guide = std::fs::read_to_string(guide).unwrap();
    let inputs = blocks(&guide, "json");
    let shown = blocks(&guide, "text");
    let stack = Stack::start().await;
    let folder = folder();
    let campaign: Value = serde_json::from_str(inputs[0]).unwrap();
    let made = post_json(&stack.api("/campaigns"), &campaign)
        .await
        .expect_status(201)
        .json();
    let id = made["id"].as_str().unwrap();
    std::fs::write(folder.join("request.json"), inputs[1]).unwrap();
    let bidder = stack.bidder("");
    let explain = [
        "explain",
        "request.json",
        "--url",
        &bidder,
        "--campaign",
        id,
    ];
    poll_until(PATIENCE, async || {
        let loaded = get(&stack.bidder("/campaigns?limit=1000")).await.json();
        let mut items = loaded["items"].as_array().unwrap().iter();
        let is_funded = |it: &Value| it["line_items"][0]["leased_free"].as_f64() > Some(0.0);
        items.any(|it| it["id"] == id && is_funded(it))
    })
    .await;
    let missed = gavel(&folder, &explain).await;
    let mut printed = vec![text(&missed)];
    assert_eq!(missed.status.code(), Some(1), "nothing would bid");

    // The request as the sentence wants it: it bids.
    let mut request: Value = serde_json::from_str(inputs[1]).unwrap();
    request["device"]["devicetype"] = json!(4);
    request["imp"][0]["pmp"]["deals"][0]["bidfloor"] = json!(1.4);
    std::fs::write(folder.join("request.json"), request.to_string()).unwrap();
    let bids = gavel(&folder, &explain).await;
    printed.push(text(&bids));
    assert_eq!(bids.status.code(), Some(0));

    // And that bid, recorded, is made again.
    let answer = post_json(&stack.bidder("/bid?record=1"), &request)
        .await
        .expect_status(200);
    let auction = answer.header("x-gavel-auction-id").unwrap().to_owned();
    let data = stack.data_dir().display().to_string();
    let replay = ["replay", "decision", &auction, "--data", &data];
    let again = poll_until(PATIENCE, async || {
        let again = gavel(&folder, &replay).await;
        (again.status.code() != Some(2)).then_some(again)
    })
    .await;
    printed.push(text(&again));
    for (printed, shown) in printed.iter().zip(shown) {
        assert_eq!(masked(printed), masked(shown), "{printed}");
    }
    assert_eq!(again.status.code(), Some(0));
    let again = gavel(
        &folder,
        &["replay", "decision", &auction, "--data", &data, "--json"],
    )
    .await;
    let again: Value = serde_json::from_str(&text(&again)).unwrap();
    assert_eq!(
        (&again["same"], &again["differences"]),
        (&json!(true), &json!([]))
    );

    // The exchange's auction of the same market is settled again, too.
    let sold = json!({"id": "80ce30c6", "at": 1, "tmax": 1000, "site": request["site"], "device": request["device"],
        "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}]});
    let answer = post_json(&stack.rtb("/openrtb2/auction"), &sold).await;
    assert_eq!(answer.status, 200, "{answer}");
    let auction = answer.header("x-gavel-auction-id").unwrap().to_owned();
    let replay = ["replay", "auction", &auction, "--data", &data, "--json"];
    let again = poll_until(PATIENCE, async || {
        let again = gavel(&folder, &replay).await;
        (again.status.code() != Some(2)).then_some(again)
    })
    .await;
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    let again: Value = serde_json::from_str(&text(&again)).unwrap();
    assert_eq!(
        (&again["same"], &again["id"]),
        (&json!(true), &json!(auction))
    );
    let winners = again["outcome"]["winners"].as_array().map(Vec::len);
    assert_eq!(winners, Some(1), "{again}");
    let told = text(&gavel(&folder, &replay[..5]).await);
    let same = format!("auction {auction}: the same, bit for bit\n");
    assert!(told.starts_with(&same), "{told}");

    // What the campaign was refused for reaches its statistics.
    let mut refused = request.clone();
    refused["imp"][0]["pmp"]["deals"][0]["bidfloor"] = json!(9.0);
    let _ = post_json(&stack.bidder("/bid"), &refused)
        .await
        .expect_status(204);
    let stats = stack.api(&format!("/campaigns/{id}/stats"));
    poll_until(PATIENCE, async || {
        let stats = get(&stats).await.expect_status(200).json();
        stats["no_bid_reasons"]["under_floor"].as_u64() > Some(0) && stats["bids"] == 1
    })
    .await;
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes() {
    let folder = folder();
    std::fs::create_dir_all(folder.join("empty")).unwrap();
    std::fs::write(folder.join("one.json"), "{}").unwrap();
    let id = "0198d2f0-7e9a-7c3e-9d5b-3f1f0a4b2c6d";
    // What is tried, the arguments, the exit code, and what is told.
    type Case<'a> = (&'a str, &'a [&'a str], i32, &'a str);
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        ("no records", &["replay", "decision", id, "--data", "empty"], 2, "no decisions are recorded in empty"),
        ("no id", &["replay", "decision", "li_7", "--data", "empty"], 2, "is no auction id"),
        ("no auctions", &["replay", "auction", id, "--data", "empty"], 2, "no auctions are recorded in empty"),
        ("no id of an auction", &["replay", "auction", "li_7", "--data", "empty"], 2, "is no auction id"),
        ("no file", &["explain", "gone.json"], 2, "gone.json cannot be read"),
        ("no bidder", &["explain", "one.json", "--url", "http://127.0.0.1:1"], 2, "http://127.0.0.1:1/explain"),
        ("no argument", &["explain"], 2, "REQUEST"),
    ];
    for (item, args, code, told) in cases {
        let output = gavel(&folder, args).await;
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(*code), "{item}: {err}");
        assert!(err.contains(told), "{item}: {err}");
    }
}
