//! R10 with many at once and in any order: at most N impressions of a user.

use units::{BidId, DurationMillis, UnixMillis};
use userstate::{CapChoice, Window};

use crate::{NOW, bid, campaign, cap, choose, connect, hourly, line, one, users};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_at_most_k_of_a_thousand_concurrent_requests_of_one_user() {
    let redis = testkit::stores().redis().await;
    // Three bidders, each with a connection of its own.
    let bidders = [
        connect(&redis.state_url).await,
        connect(&redis.state_url).await,
        connect(&redis.state_url).await,
    ];
    let k = 5;
    let calls = (0..1_000_u32).map(|number| {
        let users = bidders[(number % 3) as usize].clone();
        tokio::spawn(async move { choose(&users, "u1", NOW, number.into(), k).await })
    });
    let answers = futures_util::future::join_all(calls).await;
    let accepted = answers
        .into_iter()
        .filter(|answer| *answer.as_ref().unwrap())
        .count();
    assert_eq!(accepted, k as usize);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_many_users_and_several_imps_over_three_bidders() {
    let redis = testkit::stores().redis().await;
    let bidders = [
        connect(&redis.state_url).await,
        connect(&redis.state_url).await,
        connect(&redis.state_url).await,
    ];
    let k = 3;
    let calls = (0..200_u128).flat_map(|user| (0..20_u128).map(move |request| (user, request)));
    let calls = calls.map(|(user, request)| {
        let bidder = usize::try_from(request % 3).unwrap();
        let users = bidders[bidder].clone();
        tokio::spawn(async move {
            let imps: Vec<CapChoice> = (0..2)
                .map(|imp| CapChoice {
                    ranked: vec![line(request * 2 + imp, NOW, hourly(k))],
                })
                .collect();
            let name = format!("u{user}");
            let answer = users.confirm_caps(&name, NOW, &imps).await.unwrap();
            (user, answer.into_iter().flatten().count())
        })
    });
    let mut served = std::collections::BTreeMap::new();
    for call in futures_util::future::join_all(calls).await {
        let (user, accepted) = call.unwrap();
        *served.entry(user).or_insert(0) += accepted;
    }
    assert_eq!(served.len(), 200);
    assert!(served.values().all(|accepted| *accepted == k as usize));
}

/// Requests, impressions, losses and silences in any order: at most N impressions in any window.
#[tokio::test]
async fn r10_in_any_order_at_most_n_impressions_in_any_window() {
    const SPAN: DurationMillis = DurationMillis::from_secs(60);
    const LIFE: DurationMillis = DurationMillis::from_secs(90);
    let users = users().await;
    for seed in 0..30_u64 {
        let user = format!("u{seed}");
        let cap_of_two = vec![cap(&campaign(), 2, Window::Sliding(SPAN))];
        let mut random = seed;
        let mut draw = |below: u64| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 33) % below
        };
        let (mut now, mut open, mut shown) = (NOW, Vec::new(), Vec::new());
        for step in 0..80 {
            now = now.after(DurationMillis(i64::try_from(draw(20_000)).unwrap()));
            open.retain(|(_bid, ends): &(BidId, UnixMillis)| *ends > now);
            match draw(4) {
                0 | 1 => {
                    let mut asked = line(step, now, cap_of_two.clone());
                    asked.pending_until = now.after(LIFE);
                    let choices = one(asked);
                    if users.confirm_caps(&user, now, &choices).await.unwrap() == [Some(0)] {
                        open.push((bid(step), now.after(LIFE)));
                    }
                }
                2 if !open.is_empty() => {
                    let (seen, ends) = open.remove(0);
                    // Twice, as a log that is read at least once does.
                    for _repeat in 0..2 {
                        users
                            .confirm(&user, &[campaign()], seen, now, ends)
                            .await
                            .unwrap();
                    }
                    shown.push(now);
                }
                3 if !open.is_empty() => {
                    let (lost, _ends) = open.remove(0);
                    users.withdraw(&user, lost).await.unwrap();
                }
                _ => {}
            }
        }
        assert!(shown.len() > 2, "seed {seed} shows something");
        for at in &shown {
            let from = at.0 - SPAN.0;
            let inside = shown
                .iter()
                .filter(|stamp| stamp.0 > from && **stamp <= *at)
                .count();
            assert!(inside <= 2, "seed {seed}: {inside} impressions in a window");
        }
        let view = users.read(&[&user]).await.unwrap().unwrap();
        assert_eq!(
            view.stamps.scopes[&campaign()].confirmed,
            shown,
            "seed {seed}"
        );
    }
}

#[tokio::test]
async fn r10_imps_of_one_request_count_one_another() {
    let users = users().await;
    let choices: Vec<CapChoice> = (0..4)
        .map(|imp| CapChoice {
            ranked: vec![line(imp, NOW, hourly(2))],
        })
        .collect();
    let answer = users.confirm_caps("u1", NOW, &choices).await.unwrap();
    assert_eq!(answer, [Some(0), Some(0), None, None]);
}
