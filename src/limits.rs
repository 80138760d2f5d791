//! What the machine gives the program, and how the two servers share it.

use cordon_http::Places;

/// Files that the journal, the state, the adapters and the program itself may have open; no server
/// may take these.
const KEPT_FILES: usize = 96;
/// Open files that are assumed when the system does not say.
const FILES_ASSUMED: usize = 1_024;

/// Connections of both servers within the limit on open files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shares {
    /// Of the exchange.
    pub exchange: Places,
    /// Of the console.
    pub console: cordon_console::Places,
}

impl Shares {
    /// Shares of what this process may open; `wanted` is the most that parties may have.
    pub fn of_this_process(wanted: usize) -> Self {
        let files = std::fs::read_to_string("/proc/self/limits").ok();
        let files = files.as_deref().and_then(soft_limit);
        Self::of(files.unwrap_or(FILES_ASSUMED), wanted)
    }

    fn of(files: usize, wanted: usize) -> Self {
        let free = files.saturating_sub(KEPT_FILES);
        let parties = (free * 4 / 10).clamp(16, wanted.max(16));
        let console = (free / 10).clamp(8, 128);
        Self {
            exchange: Places {
                greeting: (free * 3 / 10).clamp(16, 512),
                parties,
                of_party: (parties / 4).max(4),
                kept: (parties / 8).clamp(2, 16),
                strangers: (free / 10).clamp(4, 32),
                ..Places::default()
            },
            console: cordon_console::Places {
                connections: console,
                kept: (console / 4).clamp(2, 16),
            },
        }
    }
}

/// The soft limit on open files in the text that Linux gives of a process's limits.
fn soft_limit(limits: &str) -> Option<usize> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX / 16),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hundred_and_fifty_six_files_are_enough_for_both_servers_and_the_journal() {
        let text = "Limit                     Soft Limit           Hard Limit           Units\n\
                    Max open files            256                  4096                 files\n";
        let files = soft_limit(text);
        assert_eq!(files, Some(256));
        for files in [256, 512, 1_024, 65_536, usize::MAX / 16] {
            let Shares { exchange, console } = Shares::of(files, 1_000);
            let parties = exchange.parties + exchange.strangers;
            let used = exchange.greeting + parties + console.connections;
            assert!(used + KEPT_FILES <= files, "{files}: {used}");
            assert!(exchange.kept > 0 && exchange.of_party < exchange.parties);
            assert!(console.kept > 0 && console.kept < console.connections);
        }
    }
}
