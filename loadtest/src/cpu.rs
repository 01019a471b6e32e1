//! Time on a CPU, as the kernel counted it: it does not depend on who else wanted the core.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A tick of `/proc/stat`.
const TICK: Duration = Duration::from_millis(10);

/// Time on a CPU of each thread of a process by the thread's name, from the scheduler, in nanoseconds.
///
/// # Errors
/// When there is no such process.
pub fn by_thread(pid: u32) -> io::Result<BTreeMap<String, Duration>> {
    let mut found: BTreeMap<String, Duration> = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let task = task?.path();
        // A thread may end while it is looked at.
        let (Ok(name), Ok(stat)) = (
            fs::read_to_string(task.join("comm")),
            fs::read_to_string(task.join("schedstat")),
        ) else {
            continue;
        };
        *found.entry(name.trim().to_owned()).or_default() += on_cpu(&stat);
    }
    Ok(found)
}

/// Time on a CPU of the calling thread.
#[must_use]
pub fn of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::from_secs(seconds)
        + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}

/// Time on a CPU of a whole process.
///
/// # Errors
/// When there is no such process.
pub fn of_process(pid: u32) -> io::Result<Duration> {
    Ok(by_thread(pid)?.values().sum())
}

/// Time on a CPU of everything on this machine.
///
/// # Errors
/// When the kernel does not tell.
pub fn of_machine() -> io::Result<Duration> {
    let text = fs::read_to_string("/proc/stat")?;
    Ok(busy(text.lines().next().unwrap_or_default()))
}

/// The first number of `schedstat`: nanoseconds on a CPU.
fn on_cpu(schedstat: &str) -> Duration {
    let nanos = schedstat.split_whitespace().next();
    Duration::from_nanos(nanos.and_then(|it| it.parse().ok()).unwrap_or_default())
}

/// The `cpu` line without idle and I/O wait; guests are counted within user and nice.
fn busy(line: &str) -> Duration {
    let ticks: Vec<u32> = line
        .split_whitespace()
        .skip(1)
        .take(8)
        .map(|field| field.parse().unwrap_or_default())
        .collect();
    let idle: u32 = ticks.iter().skip(3).take(2).sum();
    TICK * (ticks.iter().sum::<u32>() - idle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read_as_it_lays_them_out() {
        assert_eq!(on_cpu("1500 77 3\n"), Duration::from_nanos(1_500));
        assert_eq!(on_cpu(""), Duration::ZERO);
        // user nice system idle iowait irq softirq steal guest guest_nice
        let line = "cpu  10 1 5 1000 40 2 3 4 9 9";
        assert_eq!(busy(line), TICK * 25);
    }

    #[test]
    fn our_own_threads_are_counted_by_name() {
        let spun = std::thread::Builder::new()
            .name("spinning".into())
            .spawn(|| {
                let mut sum = 0_u64;
                for at in 0..20_000_000_u64 {
                    sum = sum.wrapping_add(at ^ sum);
                }
                let own = by_thread(std::process::id()).unwrap();
                (std::hint::black_box(sum), own)
            });
        let (_, threads) = spun.unwrap().join().unwrap();
        assert!(threads["spinning"] > Duration::ZERO, "{threads:?}");
        assert!(of_machine().unwrap() > Duration::ZERO);
        assert!(by_thread(u32::MAX).is_err());
    }
}
