//! `docker-compose.yml` and the image, read as a linter would (E2, S14, S16).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::path::Path;

use serde_yaml_ng::Value;

const OWN: [&str; 4] = ["control-plane", "bidder", "exchange", "dmp"];

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file)).unwrap()
}

fn compose() -> Value {
    let mut compose: Value = serde_yaml_ng::from_str(&read("docker-compose.yml")).unwrap();
    compose.apply_merge().unwrap();
    compose
}

#[test]
fn every_service_is_checked_and_restarted() {
    // E2
    let compose = compose();
    assert!(compose.get("version").is_none(), "no version:");
    for (name, service) in compose["services"].as_mapping().unwrap() {
        assert!(
            service.get("healthcheck").is_some(),
            "{name:?} has a healthcheck"
        );
        assert_eq!(service["restart"], "unless-stopped", "{name:?}");
        for port in service
            .get("ports")
            .and_then(Value::as_sequence)
            .into_iter()
            .flatten()
        {
            assert!(
                port.as_str().unwrap().starts_with("127.0.0.1:"),
                "{name:?} publishes {port:?} on loopback only"
            );
        }
        for (_, condition) in service
            .get("depends_on")
            .and_then(Value::as_mapping)
            .into_iter()
            .flatten()
        {
            assert_eq!(condition["condition"], "service_healthy", "{name:?}");
        }
    }
}

#[test]
fn our_own_services_run_with_nothing_they_do_not_need() {
    // S16
    let compose = compose();
    for name in OWN {
        let service = &compose["services"][name];
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"][0], "ALL", "{name}");
        assert_eq!(
            service["security_opt"][0], "no-new-privileges:true",
            "{name}"
        );
        assert!(
            service["pids_limit"].is_number() && service["mem_limit"].is_string(),
            "{name}"
        );
        assert_eq!(service["stop_grace_period"], "30s", "{name}");
        assert_eq!(
            service["healthcheck"]["test"][1], "/usr/local/bin/gavel",
            "{name} is checked by the binary itself"
        );
    }
    assert!(
        read("deploy/Dockerfile").contains("USER 65532:65532"),
        "not root"
    );
}

#[test]
fn there_is_no_default_secret() {
    // S14
    let text = read("docker-compose.yml");
    for line in text.lines().filter(|line| {
        ["PASSWORD", "TOKEN", "KEY"]
            .iter()
            .any(|word| line.contains(word))
    }) {
        assert!(
            line.contains("${"),
            "a secret comes from the environment: {line}"
        );
    }
    for line in read(".env.example")
        .lines()
        .filter(|line| line.contains('='))
    {
        assert!(line.ends_with('='), "the example holds no value: {line}");
    }
}

#[test]
fn every_address_in_prometheus_is_a_service_of_compose() {
    let prometheus: Value =
        serde_yaml_ng::from_str(&read("grafana/prometheus/prometheus.yml")).unwrap();
    let services = compose();
    for target in prometheus["scrape_configs"][0]["static_configs"]
        .as_sequence()
        .unwrap()
    {
        let address = target["targets"][0].as_str().unwrap();
        let (name, port) = address.split_once(':').unwrap();
        let published = services["services"][name]["ports"].as_sequence().unwrap();
        let ends = format!(":{port}");
        assert!(
            published
                .iter()
                .any(|p| p.as_str().unwrap().ends_with(&ends)),
            "{address}"
        );
    }
}
