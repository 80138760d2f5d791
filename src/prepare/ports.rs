//! Which ports a prepared park uses, all on 127.0.0.1.

/// Ports from one base on, or the well-known ones.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// The signed exchange.
    pub exchange: u16,
    /// The console.
    pub console: u16,
    /// The first of those for the outside systems.
    outside: u16,
}

/// Ports for the outside systems from the base on.
const OUTSIDE: u16 = 30;

impl Ports {
    /// From `base` on; without it 8443 and 8080, and 18800 on for the outside systems.
    pub fn new(base: Option<u16>) -> Self {
        match base {
            Some(base) => {
                // Near the end of the range the last ports would not exist.
                let base = base.min(u16::MAX - 2 - OUTSIDE);
                Self {
                    exchange: base,
                    console: base + 1,
                    outside: base + 2,
                }
            }
            None => Self {
                exchange: 8_443,
                console: 8_080,
                outside: 18_800,
            },
        }
    }

    /// The MQTT broker.
    pub fn broker(self) -> u16 {
        self.outside
    }

    /// Where a plant's system calls the hub.
    pub fn webhook(self) -> u16 {
        self.outside + 1
    }

    /// Where the plant's system takes grants.
    pub fn plant(self) -> u16 {
        self.outside + 2
    }

    /// The provincial platform.
    pub fn platform(self) -> u16 {
        self.outside + 3
    }

    /// The duty room's alarm board.
    pub fn board(self) -> u16 {
        self.outside + 4
    }

    /// The shift leader's pager.
    pub fn leader(self) -> u16 {
        self.outside + 5
    }

    /// The controller of lane `index`, counted from 0.
    pub fn lane(self, index: u16) -> u16 {
        self.outside + 10 + index
    }

    /// Camera `index`, counted from 0.
    pub fn camera(self, index: u16) -> u16 {
        self.outside + 18 + index
    }
}
