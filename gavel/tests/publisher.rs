//! A publisher's day: placements, ads sold and shown, what was earned, and what its exchange tells each DSP's side.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use serde_json::{Value, json};
use stack::{PATIENCE, Stack};
use testkit::http::{get, post_json};
use testkit::poll_until;
use units::Nanos;

fn nanos(value: &Value) -> i64 {
    Nanos::parse(&value.to_string()).unwrap().0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_is_shown_is_earned_and_agrees_with_the_dsps_to_the_nano() {
    let stack = Stack::start().await;
    let mut gross = 0;
    let mut by_placement = Vec::new();
    for placement in ["placement_001", "placement_002", "placement_004"] {
        let ask = json!({"placement_id": placement, "page": "https://harbour-gazette.example/"});
        let ad = poll_until(PATIENCE, async || {
            let answer = post_json(&stack.ssp("/ad-request"), &ask).await;
            (answer.status == 200).then(|| answer.json())
        })
        .await;
        // The pixel, and the same once more.
        for _ in 0..2 {
            let pixel = get(ad["tracking"]["impression_url"].as_str().unwrap()).await;
            assert_eq!(pixel.status, 200, "{pixel}");
        }
        let _ = get(ad["tracking"]["view_url"].as_str().unwrap())
            .await
            .expect_status(200);
        // A CPM is the price of a thousand.
        let paid = nanos(&ad["price"]) / 1_000;
        gross += paid;
        by_placement.push((placement, paid));
    }
    let revenue = async |by: &str| {
        let url = stack.ssp(&format!("/revenue?group_by={by}"));
        get(&url).await.expect_status(200).json()
    };
    let told = poll_until(PATIENCE, async || {
        let told = revenue("placement").await;
        (told["total"]["impressions"] == 3).then_some(told)
    })
    .await;
    for (placement, paid) in &by_placement {
        let rows = told["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["key"] == *placement).unwrap();
        assert_eq!(nanos(&row["gross"]), *paid, "{row:#}");
    }
    for by in ["day", "placement", "dsp"] {
        let told = revenue(by).await;
        let mut sums = [0; 4];
        for row in told["rows"].as_array().unwrap() {
            let [gross, fee, net] = ["gross", "fee", "net"].map(|key| nanos(&row[key]));
            assert_eq!(gross, fee + net, "{by}: {row:#}");
            let share = gross.abs_diff(fee * 10);
            assert!(
                share <= 5 * 3,
                "10 %, each charge rounded to the nano: {row:#}"
            );
            for (sum, part) in sums.iter_mut().zip([1, gross, fee, net]) {
                *sum += part;
            }
        }
        let total = &told["total"];
        assert_eq!(sums[1], gross, "{by}: {told:#}");
        let totals = ["gross", "fee", "net"].map(|key| nanos(&total[key]));
        assert_eq!(totals, [sums[1], sums[2], sums[3]], "{by}: {told:#}");
    }

    // Every DSP's day adds up to the same, and each billing notice was taken.
    let compared = poll_until(PATIENCE, async || {
        let told = get(&stack.api("/reconcile"))
            .await
            .expect_status(200)
            .json();
        let items = told["items"].as_array().unwrap();
        let sum =
            |of: fn(&Value) -> &Value| items.iter().filter_map(|row| of(row).as_u64()).sum::<u64>();
        let is_settled = sum(|row| &row["burl"]["acknowledged"]) == 3
            && sum(|row| &row["won"]) >= 3
            && sum(|row| &row["nurl_delivered"]) >= 3;
        is_settled.then_some(told)
    })
    .await;
    let items = compared["items"].as_array().unwrap();
    let spent: i64 = items.iter().map(|row| nanos(&row["spend"])).sum();
    assert_eq!(spent, gross, "{compared:#}");
    for row in items {
        assert_eq!(row["impressions"], row["burl"]["acknowledged"], "{row:#}");
        assert!(
            row["won"].as_u64() >= row["nurl_delivered"].as_u64(),
            "{row:#}"
        );
    }
    stack.stop().await;
}

/// The commands of a guide that name a port of the market, one after the other, as they stand there.
fn commands<'g>(guide: &'g str, port: &str) -> Vec<&'g str> {
    let blocks = guide.split("```sh\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .filter(|block| block.contains(port))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_commands_of_the_guides_work_as_they_stand() {
    if std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_err()
    {
        let name = "the_commands_of_the_guides_work_as_they_stand";
        return testkit::skip(name, "curl is not installed");
    }
    let stack = Stack::start().await;
    let ask = json!({"placement_id": "placement_001"});
    poll_until(PATIENCE, async || {
        post_json(&stack.ssp("/ad-request"), &ask).await.status == 200
    })
    .await;
    let ssp = commands(include_str!("../../docs/ssp.md"), ":8003/");
    let operator = commands(include_str!("../../docs/operator.md"), ":8001/reconcile");
    let upload = commands(include_str!("../../docs/operator.md"), "/figures");
    assert_eq!((ssp.len(), operator.len(), upload.len()), (3, 1, 1));
    for command in ssp.into_iter().chain(operator).chain(upload) {
        let here = command
            .replace("http://127.0.0.1:8003", &stack.urls.exchange_ssp)
            .replace("http://127.0.0.1:8001", &stack.urls.control_plane);
        let dir = stack.data_dir().to_owned();
        let done = tokio::task::spawn_blocking(move || {
            let mut shell = std::process::Command::new("sh");
            shell
                .args(["-ec", &here])
                .current_dir(dir)
                .output()
                .unwrap()
        })
        .await
        .unwrap();
        let told = String::from_utf8_lossy(&done.stdout);
        assert!(
            done.status.success() && !told.is_empty() || command.contains("-o "),
            "{command}: {done:?}"
        );
        assert!(
            !told.contains(r#""status":4"#) && !told.contains(r#""status":5"#),
            "{command}: {told}"
        );
    }
    stack.stop().await;
}
