//! What the machine gives the program, and how the two servers share it.

use cordon_http::Places;

/// Files that the journal, the state, a few adapters and the program itself may have open; neither server may take
/// these.
const KEPT_FILES: usize = 96;
/// Of them those that are not the adapters'.
const OWN_FILES: usize = 64;
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
    /// Shares of what this process may open; `wanted` is the most that parties may have, `of_adapters` the
    /// files that adapters may.
    pub fn of_this_process(wanted: usize, of_adapters: usize) -> Self {
        let files = std::fs::read_to_string("/proc/self/limits").ok();
        let files = files.as_deref().and_then(soft_limit);
        let files = files.unwrap_or(FILES_ASSUMED);
        let shares = Self::of(files, wanted, of_adapters);
        let needed = shares.connections() + kept(of_adapters);
        if needed > files {
            tracing::warn!(
                files,
                needed,
                of_adapters,
                "the limit on open files is too low for what is configured; raise it (`LimitNOFILE`, `ulimit -n`)"
            );
        }
        shares
    }

    /// Connections of both servers together.
    fn connections(&self) -> usize {
        let exchange = &self.exchange;
        let seated = exchange.parties + exchange.strangers;
        exchange.greeting + seated + self.console.connections
    }

    fn of(files: usize, wanted: usize, of_adapters: usize) -> Self {
        let free = files.saturating_sub(kept(of_adapters));
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

/// Files that are no server's to take.
fn kept(of_adapters: usize) -> usize {
    KEPT_FILES.max(OWN_FILES + of_adapters)
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
            // A webhook among the adapters, or none.
            for of_adapters in [20, 90] {
                let shares = Shares::of(files, 1_000, of_adapters);
                let used = shares.connections();
                assert!(used + kept(of_adapters) <= files, "{files}: {used}");
                let Shares { exchange, console } = shares;
                assert!(exchange.kept > 0 && exchange.of_party < exchange.parties);
                assert!(console.kept > 0 && console.kept < console.connections);
            }
        }
        assert_eq!(Shares::of(256, 1_000, 20).exchange.greeting, 48);
        assert!(kept(200) > 256, "the start says so");
    }
}
