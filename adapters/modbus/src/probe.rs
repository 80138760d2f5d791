//! Touching every lane of a bus without changing anything, and what was found in words.

use cordon_contract::Probe;
use tokio::time::Instant;

use crate::bus::Bus;
use crate::inbox::Inbox;
use crate::lane::Lane;
use crate::line::{Broken, Line, open};

impl Bus {
    /// Touches each lane over a connection of its own; for a bus that is not running.
    pub(crate) async fn probe_alone(mut self) -> Vec<Probe> {
        let mut inbox = Inbox::none();
        match open(&self.address, self.timeout()).await {
            Ok(wire) => {
                let mut line = Line::new(wire, &mut inbox, None);
                self.probe(&mut line).await.0
            }
            Err(text) => self.probe_none(&text),
        }
    }

    fn probe_none(&self, text: &str) -> Vec<Probe> {
        let lanes = self.lanes.iter();
        lanes
            .map(|lane| probe(lane, Err(text.to_owned())))
            .collect()
    }

    /// Touches each lane. The second is how it ended for the connection; a unit that does not answer
    /// does not end it.
    pub(crate) async fn probe(&mut self, line: &mut Line<'_>) -> (Vec<Probe>, Result<(), Broken>) {
        let mut probes = Vec::new();
        for index in 0..self.lanes.len() {
            let asked = Instant::now();
            let found = self.read(line, index).await;
            let Some(lane) = self.lanes.get(index) else {
                break;
            };
            let found = match found {
                Ok(found) => found,
                Err(Broken::Silent(silence) | Broken::Closed(silence)) => {
                    let renewed = match silence.renew {
                        true => line.renew(&self.address, self.timeout()).await,
                        false => Ok(()),
                    };
                    probes.push(probe(lane, Err(silence.text)));
                    match renewed {
                        Ok(()) => continue,
                        Err(text) => {
                            return self.cut_short(probes, &text, Broken::Lost(text.clone()));
                        }
                    }
                }
                Err(broken) => {
                    let text = match &broken {
                        Broken::Lost(text) => text.clone(),
                        _ => "an emergency order came first; probe again".to_owned(),
                    };
                    return self.cut_short(probes, &text, broken);
                }
            };
            let ms = asked.elapsed().as_millis();
            let words = found.map(|signals| {
                let on: Vec<String> = signals
                    .iter()
                    .filter(|(_, on)| *on)
                    .map(|(input, _)| format!("{input:?}"))
                    .collect();
                format!("answers in {ms} ms; on: {}", on.join(", "))
            });
            probes.push(probe(lane, words));
        }
        (probes, Ok(()))
    }

    fn cut_short(
        &self,
        mut probes: Vec<Probe>,
        text: &str,
        broken: Broken,
    ) -> (Vec<Probe>, Result<(), Broken>) {
        let untouched = self.lanes.iter().skip(probes.len());
        probes.extend(untouched.map(|lane| probe(lane, Err(text.to_owned()))));
        (probes, Err(broken))
    }
}

pub(crate) fn probe(lane: &Lane, found: Result<String, String>) -> Probe {
    let (ok, detail) = match found {
        Ok(detail) => (true, detail),
        Err(detail) => (false, detail),
    };
    Probe {
        device: lane.config.device.clone(),
        ok,
        detail,
    }
}
