//! The Prometheus text format, version 0.0.4.

use std::{collections::BTreeMap, fmt::Write};

use super::{Family, Histogram, Labels, Series};

/// Writes every family with its HELP and TYPE, then its series in the order of their labels.
pub(super) fn render(families: &BTreeMap<&'static str, Family>) -> String {
    let mut page = String::with_capacity(families.len() * 256);
    for (name, family) in families {
        let Some(first) = family.series.values().next() else {
            continue;
        };
        line(
            &mut page,
            format_args!("# HELP {name} {}", escape_help(family.help)),
        );
        line(&mut page, format_args!("# TYPE {name} {}", kind(first)));
        for (labels, series) in &family.series {
            match series {
                Series::Counter(counter) => {
                    let labels = braces(labels, None);
                    line(&mut page, format_args!("{name}{labels} {}", counter.get()));
                }
                Series::Gauge(gauge) => {
                    let labels = braces(labels, None);
                    line(
                        &mut page,
                        format_args!("{name}{labels} {}", number(gauge.get())),
                    );
                }
                Series::Histogram(histogram) => buckets(&mut page, name, labels, histogram),
            }
        }
    }
    page
}

fn buckets(page: &mut String, name: &str, labels: &Labels, histogram: &Histogram) {
    let counts = histogram.counts();
    let bounds = histogram.bounds().iter().map(|bound| number(*bound));
    let mut through = 0;
    for (count, bound) in counts.iter().zip(bounds.chain(["+Inf".to_owned()])) {
        through += count;
        let labels = braces(labels, Some(&bound));
        line(page, format_args!("{name}_bucket{labels} {through}"));
    }
    let labels = braces(labels, None);
    let sum = number(histogram.sum_seconds());
    line(page, format_args!("{name}_sum{labels} {sum}"));
    // The same reading as the buckets, so that `+Inf` and `_count` always agree.
    line(page, format_args!("{name}_count{labels} {through}"));
}

const fn kind(series: &Series) -> &'static str {
    match series {
        Series::Counter(_) => "counter",
        Series::Gauge(_) => "gauge",
        Series::Histogram(_) => "histogram",
    }
}

fn braces(labels: &Labels, bound: Option<&str>) -> String {
    let mut pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escape_label(value)))
        .collect();
    pairs.extend(bound.map(|bound| format!("le=\"{bound}\"")));
    if pairs.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", pairs.join(","))
    }
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

fn escape_label(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn escape_help(help: &str) -> String {
    help.replace('\\', "\\\\").replace('\n', "\\n")
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _infallible = page.write_fmt(text);
    page.push('\n');
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::metrics::Metrics;

    #[test]
    fn the_page_is_the_text_format() {
        let metrics = Metrics::new();
        metrics
            .counter("gavel_a_total", "A's.", &[("kind", "x\"y\\z\n")])
            .add(3);
        metrics.gauge("gavel_b", "B.", &[]).set(-1.5);
        let histogram = metrics.histogram("gavel_c_seconds", "C.", &[("dsp", "d1")], &[0.001, 0.1]);
        histogram.observe(Duration::from_micros(500));
        histogram.observe(Duration::from_secs(1));
        let expected = r#"# HELP gavel_a_total A's.
# TYPE gavel_a_total counter
gavel_a_total{kind="x\"y\\z\n"} 3
# HELP gavel_b B.
# TYPE gavel_b gauge
gavel_b -1.5
# HELP gavel_c_seconds C.
# TYPE gavel_c_seconds histogram
gavel_c_seconds_bucket{dsp="d1",le="0.001"} 1
gavel_c_seconds_bucket{dsp="d1",le="0.1"} 1
gavel_c_seconds_bucket{dsp="d1",le="+Inf"} 2
gavel_c_seconds_sum{dsp="d1"} 1.0005
gavel_c_seconds_count{dsp="d1"} 2
"#;
        assert_eq!(metrics.render(), expected);
    }

    #[test]
    fn the_same_name_and_labels_are_one_series_and_kinds_do_not_mix() {
        let metrics = Metrics::new();
        metrics.counter("gavel_a_total", "A.", &[]).inc();
        metrics.counter("gavel_a_total", "A.", &[]).inc();
        metrics.gauge("gavel_a_total", "wrong", &[]).set(9.0);
        assert_eq!(metrics.counter("gavel_a_total", "A.", &[]).get(), 2);
        assert_eq!(metrics.series(), 1);
        metrics.remove("gavel_a_total", &[]);
        assert_eq!(metrics.render(), "");
        let copy = metrics.clone();
        copy.gauge("gavel_b", "B.", &[]).add(2.0);
        copy.gauge("gavel_b", "B.", &[]).add(-0.5);
        assert!(metrics.render().contains("gavel_b 1.5"));
    }
}
